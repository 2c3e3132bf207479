#ifndef PORCHLIGHT_CORE_WORDS_PIECE_H
#define PORCHLIGHT_CORE_WORDS_PIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The host's own lines (what to do now), cut into pieces for the wire: each is one JSON object that
 * fits into a broadcast (envelope.h), is sealed to members, and is retained on a topic of its own,
 * words/NUMBER. Piece 0 has the contact's link, every further one some lines of one language:
 *
 *   {"v":2,"kind":"words","epoch":7,"seq":12,"revision":1764000000,"piece":0,"pieces":2,
 *    "link":"tel:+994501234567","language":null}
 *   {... "piece":1,"pieces":2,"link":null,"language":"az","lockdown-way":"Geri qay\u0131d\u0131n."}
 *
 * A set is what all pieces of one revision say. A reader uses it once it has them all, and keeps
 * the newest: sets of an earlier revision are ignored, so that nobody brings an old one back. A set
 * without lines and link says that the host has taken them back.
 *
 * Pure. */

enum {
    WORDS_PIECES_MAX = 40,  /* 5 languages of 7 lines, none of which share a piece, and piece 0 */
    WORDS_TEXT_MAX = 460,   /* bytes of a line, as JSON writes it: what is left of 644 */
    WORDS_LINK_MAX = 200,   /* bytes of the link */
    WORDS_LANGUAGE_MAX = 8, /* bytes of a language's code */
    WORDS_KEY_MAX = 23,     /* bytes of a line's key, such as lockdown-inside */
    WORDS_PIECE_LINES = 16, /* in one piece */
};

struct words_line {
    const char *language, *key, *text;
};

/* Lines of one language are together. All strings are the caller's. */
struct words_set {
    uint64_t revision; /* below 2^53; later ones are larger */
    const char *link;  /* "" for none */
    const struct words_line *lines;
    size_t count;
};

/* In how many pieces the set goes; 0: a text is too long, or there are too many. */
size_t words_pieces(const struct words_set *s);

/* Piece number `piece` as JSON into out, terminated. Its length; -1 with errno EINVAL: there is no
 * such piece, EMSGSIZE: `size` is too small (ENVELOPE_TEXT_MAX + 1 is enough), ENOMEM. */
int words_piece_write(const struct words_set *s, size_t piece, uint64_t epoch, uint64_t seq,
                      char *out, size_t size);

/* One piece that arrived. */
struct words_piece {
    uint64_t epoch, seq, revision;
    size_t piece, pieces;
    char link[WORDS_LINK_MAX + 1];         /* empty: none in this piece */
    char language[WORDS_LANGUAGE_MAX + 1]; /* empty: no lines in this piece */
    size_t count;
    struct {
        char key[WORDS_KEY_MAX + 1];
        char text[WORDS_TEXT_MAX + 1];
    } lines[WORDS_PIECE_LINES];
};

/* Reads `len` bytes of JSON. 0, or -1 and a reason in *why (static storage). Keys that are no line
 * (lower case and a hyphen) are ignored. */
int words_piece_read(struct words_piece *p, const char *text, size_t len, const char **why);

#endif
