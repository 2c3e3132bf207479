#include "kiosk/core/words_piece.h"

#include "kiosk/core/envelope.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INTEGER_MAX ((UINT64_C(1) << 53) - 1)

/* A piece without lines, with the longest numbers: so the cuts are the same whatever they are. */
#define HEAD                                                                                       \
    "{\"v\":2,\"kind\":\"words\",\"epoch\":9007199254740991,\"seq\":9007199254740991,"             \
    "\"revision\":9007199254740991,\"piece\":39,\"pieces\":40,\"link\":null,\"language\":\"\"}"

/* --- cutting --------------------------------------------------------------------------------- */

/* The bytes that a text takes in JSON. */
static size_t words_text_bytes(const char *text)
{
    size_t len = strlen(text);
    for (; *text; text++)
        len += *text == '"' || *text == '\\';
    return len;
}

static bool words_line_fits(const struct words_line *l)
{
    return words_text_bytes(l->text) <= WORDS_TEXT_MAX && l->text[0] &&
           strlen(l->key) <= WORDS_KEY_MAX && strlen(l->language) <= WORDS_LANGUAGE_MAX;
}

/* How many lines from `first` on go into one piece. */
static size_t words_share(const struct words_set *s, size_t first)
{
    size_t n = 0, bytes = sizeof HEAD + strlen(s->lines[first].language);
    for (; first + n < s->count && n < WORDS_PIECE_LINES; n++) {
        const struct words_line *l = &s->lines[first + n];
        bytes += strlen(",\"\":\"\"") + strlen(l->key) + words_text_bytes(l->text);
        if (bytes > ENVELOPE_TEXT_MAX || strcmp(l->language, s->lines[first].language) != 0)
            break;
    }
    return n;
}

/* The first line of a piece from 1 on, or of the one behind the last: s->count. */
static size_t words_first(const struct words_set *s, size_t piece)
{
    size_t first = 0;
    while (--piece > 0 && first < s->count)
        first += words_share(s, first);
    return first;
}

size_t words_pieces(const struct words_set *s)
{
    size_t pieces = 1;
    if (words_text_bytes(s->link) > WORDS_LINK_MAX || s->revision > INTEGER_MAX)
        return 0;
    for (size_t i = 0; i < s->count; i++)
        if (!words_line_fits(&s->lines[i]))
            return 0;
    for (size_t first = 0; first < s->count; first += words_share(s, first))
        pieces++;
    return pieces <= WORDS_PIECES_MAX ? pieces : 0;
}

/* --- writing --------------------------------------------------------------------------------- */

/* cJSON writes numbers with 15 digits; 2^53 has 16. */
static bool words_put_number(cJSON *json, const char *key, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    return cJSON_AddRawToObject(json, key, digits);
}

static bool words_put_text(cJSON *json, const char *key, const char *text)
{
    return text[0] ? cJSON_AddStringToObject(json, key, text) : cJSON_AddNullToObject(json, key);
}

static bool words_put(cJSON *json, const struct words_set *s, size_t piece, size_t pieces,
                      uint64_t epoch, uint64_t seq)
{
    size_t first = piece > 0 ? words_first(s, piece) : 0;
    size_t n = piece > 0 ? words_share(s, first) : 0;
    bool ok = words_put_number(json, "v", ENVELOPE_VERSION) &&
              words_put_text(json, "kind", "words") && words_put_number(json, "epoch", epoch) &&
              words_put_number(json, "seq", seq) &&
              words_put_number(json, "revision", s->revision) &&
              words_put_number(json, "piece", piece) && words_put_number(json, "pieces", pieces) &&
              words_put_text(json, "link", piece == 0 ? s->link : "") &&
              words_put_text(json, "language", n > 0 ? s->lines[first].language : "");
    for (size_t i = 0; i < n && ok; i++)
        ok = words_put_text(json, s->lines[first + i].key, s->lines[first + i].text);
    return ok;
}

int words_piece_write(const struct words_set *s, size_t piece, uint64_t epoch, uint64_t seq,
                      char *out, size_t size)
{
    size_t pieces = words_pieces(s);
    int len = -1;
    if (piece >= pieces || epoch > INTEGER_MAX || seq > INTEGER_MAX) {
        errno = EINVAL;
        return -1;
    }
    cJSON *json = cJSON_CreateObject();
    char *text =
        json && words_put(json, s, piece, pieces, epoch, seq) ? cJSON_PrintUnformatted(json) : NULL;
    if (!text)
        errno = ENOMEM;
    else if (strlen(text) >= size)
        errno = EMSGSIZE;
    else
        len = snprintf(out, size, "%s", text);
    cJSON_free(text);
    cJSON_Delete(json);
    return len;
}

/* --- reading --------------------------------------------------------------------------------- */

static bool words_take_number(const cJSON *json, const char *key, uint64_t most, uint64_t *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    double value = cJSON_IsNumber(item) ? item->valuedouble : -1;
    if (!(value >= 0 && value <= (double)most) || (double)(uint64_t)value != value)
        return false;
    *out = (uint64_t)value;
    return true;
}

/* Null gives "". */
static bool words_take_text(const cJSON *json, const char *key, char *out, size_t size)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    const char *text = cJSON_IsNull(item) ? "" : cJSON_GetStringValue(item);
    return text && (size_t)snprintf(out, size, "%s", text) < size;
}

static bool words_is_line(const char *key)
{
    return strchr(key, '-') || strcmp(key, "contact") == 0;
}

static const char *words_take_lines(struct words_piece *p, const cJSON *json)
{
    const cJSON *one, *other;
    cJSON_ArrayForEach(one, json)
    {
        for (other = one->next; other; other = other->next)
            if (strcmp(one->string, other->string) == 0)
                return "it has a key twice";
        if (!words_is_line(one->string))
            continue;
        if (p->count == WORDS_PIECE_LINES || strlen(one->string) > WORDS_KEY_MAX)
            return "it has more or longer keys than a piece can have";
        memcpy(p->lines[p->count].key, one->string, strlen(one->string) + 1);
        if (!words_take_text(json, one->string, p->lines[p->count].text, sizeof p->lines[0].text) ||
            !p->lines[p->count++].text[0])
            return "a line is no text of 1 to 460 bytes";
    }
    return p->count > 0 && !p->language[0] ? "it has lines and no language" : NULL;
}

static const char *words_take(struct words_piece *p, const cJSON *json)
{
    uint64_t v = 0, piece = 0, pieces = 0;
    char kind[8];
    if (!words_take_number(json, "v", ENVELOPE_VERSION, &v) || v != ENVELOPE_VERSION)
        return "v is not 2: made by another version";
    if (!words_take_text(json, "kind", kind, sizeof kind) || strcmp(kind, "words") != 0)
        return "kind is not words";
    if (!words_take_number(json, "epoch", INTEGER_MAX, &p->epoch) ||
        !words_take_number(json, "seq", INTEGER_MAX, &p->seq) ||
        !words_take_number(json, "revision", INTEGER_MAX, &p->revision))
        return "epoch, seq or revision is missing or no integer below 2^53";
    if (!words_take_number(json, "pieces", WORDS_PIECES_MAX, &pieces) || pieces == 0 ||
        !words_take_number(json, "piece", pieces - 1, &piece))
        return "piece or pieces is missing, or out of range";
    p->piece = (size_t)piece;
    p->pieces = (size_t)pieces;
    if (!words_take_text(json, "link", p->link, sizeof p->link) ||
        !words_take_text(json, "language", p->language, sizeof p->language))
        return "link or language is missing or too long";
    return words_take_lines(p, json);
}

int words_piece_read(struct words_piece *p, const char *text, size_t len, const char **why)
{
    const char *end = NULL;
    memset(p, 0, sizeof *p);
    cJSON *json = cJSON_ParseWithLengthOpts(text, len, &end, 0);
    *why = memchr(text, 0, len) || memmem(text, len, "\\u0000", 6) ? "it contains a zero byte"
           : !cJSON_IsObject(json) || end != text + len            ? "not one whole JSON object"
                                                                   : words_take(p, json);
    cJSON_Delete(json);
    return *why ? -1 : 0;
}
