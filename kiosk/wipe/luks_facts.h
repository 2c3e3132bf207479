#ifndef PORCHLIGHT_WIPE_LUKS_FACTS_H
#define PORCHLIGHT_WIPE_LUKS_FACTS_H

#include "kiosk/common/messages.h"

#include <stdbool.h>
#include <stdint.h>

/* What the header of a LUKS container says, and what a wipe may claim of such a container. Pure. */

enum luks_form {
    LUKS_NO_HEADER,
    LUKS_UNREADABLE,  /* it begins like one, and does not load */
    LUKS_1_REWRITTEN, /* LUKS1 that a reencryption has marked as not to be opened */
    LUKS_1,
    LUKS_2,
};

struct luks_facts {
    enum luks_form form;
    bool encrypting, decrypting, reencrypting; /* begun in place and not finished */
    bool unknown;                              /* a requirement or a kind of data we do not know */
    bool null_cipher;
    uint64_t header;               /* bytes of one header */
    uint64_t front;                /* bytes from the beginning to the end of the key slots */
    uint64_t data;                 /* where the data begins; 0: somewhere else */
    uint64_t end;                  /* where the encrypted part ends; UINT64_MAX: with the device */
    uint64_t clear_from, clear_to; /* holds all that is, or may be, not encrypted; equal: nothing */
};

/* Adds what LUKS2's metadata says of segments and requirements. `json` is what crypt_dump_json
 * gives. What cannot be understood is `unknown`. */
void luks_facts_of_json(struct luks_facts *f, const char *json);

/* Adds what LUKS1's header says: its cipher, and where its data begins (bytes, 0: elsewhere). */
void luks_facts_of_luks1(struct luks_facts *f, const char *cipher, uint64_t data);

/* What there is to say of a container. In the order of badness; kept in the mark that a wipe
 * leaves in the place of the header, so old numbers keep their meaning. */
enum luks_remark {
    LUKS_SOUND = 0,
    LUKS_REENCRYPTING,
    LUKS_HEADER_ALONE,
    LUKS_UNKNOWN_FEATURE,
    LUKS_PARTLY,     /* encrypted up to `end`, and the device goes on */
    LUKS_ENCRYPTING, /* in place, not finished */
    LUKS_DECRYPTING,
    LUKS_NULL_CIPHER,
    LUKS_1_INTERRUPTED,
    LUKS_WITHOUT_HEADER,
    LUKS_NOT_LOADED,
    LUKS_REMARKS,
};

/* `size`: bytes of the file or device that holds the data. `apart`: the plan names the header's
 * file beside the data. May widen f->clear_from and clear_to. */
enum luks_remark luks_judge(struct luks_facts *f, uint64_t size, bool apart);

struct luks_saying {
    enum wipe_outcome best; /* what a wipe may report once all is done */
    const char *before;     /* for the plan, once it is found; NULL: as any container */
    const char *after;      /* why it is no better than `best` */
};
const struct luks_saying *luks_saying(enum luks_remark remark);

#endif
