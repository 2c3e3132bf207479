// Freshness: what was heard before, or is older than what was heard, changes nothing.
//
// Kept for each kiosk: its epoch, and the highest seq of each stream. Alert and state share one
// stream, so that an old calm state cannot be laid over a newer alert; the last one may come again
// (it is retained, and every broker has a copy). A will cannot know its seq: presence is judged
// by epoch and connection. `stands` is the lockdown that nobody has proved over yet (view.js).

export const STREAM = { alert: 'word', state: 'word', notice: 'notice', beat: 'beat' };

export function freshMarks() {
    return { epoch: 0, word: 0, notice: 0, beat: 0, connection: 0, stands: null };
}

// Returns {verdict, marks}. Verdicts: 'new'; 'again' (the very message the mark came from);
// 'late' (older, as a slower broker's copy or a retained one may be: dropped without a word);
// 'old' (a replay: dropped, and said). `linkSeq` is the highest seq of this stream that the same
// broker brought in this epoch before: what comes twice on one connection was sent twice.
export function judge(marks, topic, message, delivery, linkSeq) {
    if (message.epoch < marks.epoch) {
        return { verdict: delivery.retained ? 'late' : 'old', marks };
    }
    const base =
        message.epoch > marks.epoch ? { ...freshMarks(), epoch: message.epoch, stands: marks.stands } : marks;
    if (topic === 'presence') {
        return judgePresence(base, message, delivery);
    }
    const stream = STREAM[topic];
    if (message.seq > base[stream]) {
        return { verdict: 'new', marks: { ...base, [stream]: message.seq } };
    }
    if (message.seq === base[stream] && (delivery.retained || delivery.dup || linkSeq < message.seq)) {
        return { verdict: 'again', marks: base };
    }
    const excused = delivery.retained || delivery.dup || linkSeq < message.seq;
    return { verdict: excused ? 'late' : 'old', marks: base };
}

function judgePresence(base, message, delivery) {
    const connection = message.connection ?? 0;
    if (connection < base.connection) {
        return { verdict: delivery.retained ? 'late' : 'old', marks: base };
    }
    return { verdict: 'new', marks: { ...base, connection } };
}
