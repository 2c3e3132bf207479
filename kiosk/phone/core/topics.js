// Names below porchlight/<venue>/<kiosk>/ (kiosk/common/topics.h). Phones subscribe to exact names.

export const MEMBER_READS = ['root', 'alert', 'state', 'presence', 'beat', 'push'];
export const STAFF_READS = [...MEMBER_READS, 'notice', 'staff'];

export function topicName(venue, kiosk, name, account) {
    const base = `porchlight/${venue}/${kiosk}/${name}`;
    return account === undefined ? base : `${base}/${account}`;
}

// {venue, kiosk, name, account} of a full name, or null for anything else.
export function parseTopic(full) {
    const m = /^porchlight\/([0-9a-f]{16})\/([0-9a-f]{16})\/([a-z]+)(?:\/([0-9a-f]{16}))?$/.exec(full);
    return m && { venue: m[1], kiosk: m[2], name: m[3], account: m[4] };
}
