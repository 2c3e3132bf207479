#include "hw/cell_tpm.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

/* Read and written with the index's own, empty password; defined and undefined with the owner's.
 * Wrong tries must not lock the TPM for others (NO_DA). */
static const TPMA_NV attributes =
    TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE | TPMA_NV_NO_DA;

struct tpm {
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
    TPM2_HANDLE handle;
    ESYS_TR index; /* ESYS_TR_NONE: not defined */
    const char *word;
    struct cell_error *error;
};

static int __attribute__((format(printf, 3, 4)))
say(struct tpm *t, int error, const char *format, ...)
{
    size_t at = (size_t)snprintf(t->error->text, sizeof t->error->text, "%.40s: ", t->word);
    va_list args;

    va_start(args, format);
    vsnprintf(t->error->text + at, sizeof t->error->text - at, format, args);
    va_end(args);
    errno = error;
    return -1;
}

static int cell_tpm_refused(struct tpm *t, const char *what, TSS2_RC rc)
{
    return say(t, EIO, "%s: the TPM says: %s", what, Tss2_RC_Decode(rc));
}

bool cell_tpm_is(const char *word)
{
    return strncmp(word, "tpm:", 4) == 0;
}

static int parse_index(struct tpm *t)
{
    char *end;
    unsigned long index = strtoul(t->word + 4, &end, 16);
    if (end == t->word + 4 || *end || index < CELL_TPM_FIRST || index > CELL_TPM_LAST)
        return say(t, EINVAL, "expected an index of the owner's, tpm:%x to tpm:%x", CELL_TPM_FIRST,
                   CELL_TPM_LAST);
    t->handle = (TPM2_HANDLE)index;
    return 0;
}

static int connect_tpm(struct tpm *t, const char *prefix)
{
    char path[200], tcti[256];
    struct stat st;
    TSS2_RC rc;

    snprintf(path, sizeof path, "%s/dev/tpmrm0", prefix);
    if (stat(path, &st) < 0)
        return say(t, errno, "%s: %s; a Raspberry Pi has a TPM 2 only as an added board", path,
                   strerror(errno));
    snprintf(tcti, sizeof tcti, "%s%s", S_ISSOCK(st.st_mode) ? "swtpm:path=" : "device:", path);
    setenv("TSS2_LOG", "all+none", 0); /* we report its errors ourselves */
    rc = Tss2_TctiLdr_Initialize(tcti, &t->tcti);
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_Initialize(&t->esys, t->tcti, NULL);
    return rc == TSS2_RC_SUCCESS ? 0 : cell_tpm_refused(t, path, rc);
}

/* Asks for the index. 0 also if there is none. */
static int cell_tpm_look(struct tpm *t)
{
    TSS2_RC rc = Esys_TR_FromTPMPublic(t->esys, t->handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                       &t->index);

    if (rc == TSS2_RC_SUCCESS)
        return 0;
    t->index = ESYS_TR_NONE;
    /* "The handle is not correct for the use": format one, with the number of the handle. */
    if ((rc & ~(TSS2_RC)(TPM2_RC_N_MASK | TPM2_RC_P)) == TPM2_RC_HANDLE)
        return 0;
    return cell_tpm_refused(t, "the index cannot be queried", rc);
}

static void cell_tpm_finish(struct tpm *t)
{
    int saved = errno;
    if (t->esys)
        Esys_Finalize(&t->esys);
    if (t->tcti)
        Tss2_TctiLdr_Finalize(&t->tcti);
    errno = saved;
}

static int cell_tpm_begin(struct tpm *t, const char *prefix, const char *word,
                          struct cell_error *error)
{
    *t = (struct tpm){.word = word, .error = error, .index = ESYS_TR_NONE};
    if (parse_index(t) == 0 && connect_tpm(t, prefix) == 0 && cell_tpm_look(t) == 0)
        return 0;
    cell_tpm_finish(t);
    return -1;
}

/* The library's buffer still holds the last command and its answer: longer ones overwrite them. */
static void scrub(struct tpm *t)
{
    TPM2B_DIGEST *noise = NULL;
    TPM2B_SENSITIVE_DATA longest = {.size = 128};

    if (Esys_GetRandom(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, 64, &noise) ==
        TSS2_RC_SUCCESS)
        Esys_Free(noise);
    Esys_StirRandom(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &longest);
}

static int define(struct tpm *t)
{
    const TPM2B_AUTH empty = {0};
    const TPM2B_NV_PUBLIC public = {.nvPublic = {.nvIndex = t->handle,
                                                 .nameAlg = TPM2_ALG_SHA256,
                                                 .attributes = attributes,
                                                 .dataSize = CELL_BYTES}};
    TSS2_RC rc = Esys_NV_DefineSpace(t->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                     ESYS_TR_NONE, &empty, &public, &t->index);

    return rc == TSS2_RC_SUCCESS ? 0 : cell_tpm_refused(t, "the index cannot be defined", rc);
}

/* EEXIST: an index that was not defined here is left alone. */
static int is_ours(struct tpm *t)
{
    TPM2B_NV_PUBLIC *public = NULL;
    TPM2B_NAME *name = NULL;
    TSS2_RC rc = Esys_NV_ReadPublic(t->esys, t->index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    &public, &name);
    bool ours = rc == TSS2_RC_SUCCESS && public->nvPublic.dataSize == CELL_BYTES &&
                (public->nvPublic.attributes & ~(TPMA_NV)TPMA_NV_WRITTEN) == attributes;

    Esys_Free(public);
    Esys_Free(name);
    if (rc != TSS2_RC_SUCCESS)
        return cell_tpm_refused(t, "the index cannot be queried", rc);
    return ours ? 0 : say(t, EEXIST, "the index holds something else; choose another");
}

static int cell_tpm_put(struct tpm *t, const uint8_t bytes[CELL_BYTES])
{
    TPM2B_MAX_NV_BUFFER *data = sodium_malloc(sizeof *data);
    TSS2_RC rc;

    if (!data)
        return say(t, ENOMEM, "no memory can be locked");
    data->size = CELL_BYTES;
    memcpy(data->buffer, bytes, CELL_BYTES);
    rc = Esys_NV_Write(t->esys, t->index, t->index, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                       data, 0);
    sodium_free(data);
    return rc == TSS2_RC_SUCCESS ? 0 : cell_tpm_refused(t, "the index cannot be written", rc);
}

static int cell_tpm_get(struct tpm *t, uint8_t bytes[CELL_BYTES])
{
    TPM2B_MAX_NV_BUFFER *data = NULL;
    TSS2_RC rc = Esys_NV_Read(t->esys, t->index, t->index, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                              ESYS_TR_NONE, CELL_BYTES, 0, &data);
    size_t size = data ? data->size : 0;

    if (size == CELL_BYTES)
        memcpy(bytes, data->buffer, CELL_BYTES);
    if (data)
        sodium_memzero(data, sizeof *data);
    Esys_Free(data);
    if (rc != TSS2_RC_SUCCESS)
        return cell_tpm_refused(t, "the index cannot be read", rc);
    return size == CELL_BYTES ? 0 : say(t, EIO, "the index gave %zu bytes of %d", size, CELL_BYTES);
}

int cell_tpm_check(const char *prefix, const char *word, struct cell_error *error)
{
    struct tpm t;

    if (cell_tpm_begin(&t, prefix, word, error) < 0)
        return -1;
    cell_tpm_finish(&t);
    return 0;
}

int cell_tpm_write(const char *prefix, const char *word, const uint8_t bytes[CELL_BYTES],
                   struct cell_error *error)
{
    uint8_t *got = sodium_malloc(CELL_BYTES);
    int result = -1;
    struct tpm t;

    if (!got || cell_tpm_begin(&t, prefix, word, error) < 0) {
        sodium_free(got);
        return -1;
    }
    if ((t.index == ESYS_TR_NONE ? define(&t) : is_ours(&t)) == 0 && cell_tpm_put(&t, bytes) == 0 &&
        cell_tpm_get(&t, got) == 0)
        result = sodium_memcmp(got, bytes, CELL_BYTES) == 0
                     ? 0
                     : say(&t, EIO, "the key did not read back as written");
    scrub(&t);
    cell_tpm_finish(&t);
    sodium_free(got);
    return result;
}

int cell_tpm_read(const char *prefix, const char *word, uint8_t bytes[CELL_BYTES],
                  struct cell_error *error)
{
    int result = -1;
    struct tpm t;

    if (cell_tpm_begin(&t, prefix, word, error) < 0)
        return -1;
    if (t.index == ESYS_TR_NONE)
        say(&t, ENOKEY, "it holds no key");
    else if (is_ours(&t) == 0)
        result = cell_tpm_get(&t, bytes);
    scrub(&t);
    cell_tpm_finish(&t);
    return result;
}

static int undefine(struct tpm *t)
{
    TSS2_RC rc = Esys_NV_UndefineSpace(t->esys, ESYS_TR_RH_OWNER, t->index, ESYS_TR_PASSWORD,
                                       ESYS_TR_NONE, ESYS_TR_NONE);

    if (rc != TSS2_RC_SUCCESS)
        return cell_tpm_refused(t, "the index cannot be undefined", rc);
    t->index = ESYS_TR_NONE;
    if (cell_tpm_look(t) < 0)
        return -1;
    return t->index == ESYS_TR_NONE ? 0 : say(t, EIO, "the index is still defined");
}

int cell_tpm_kill(const char *prefix, const char *word, bool *defined, struct cell_error *error)
{
    const uint8_t zeros[CELL_BYTES] = {0};
    uint8_t got[CELL_BYTES];
    int result = 0;
    struct tpm t;

    *defined = false;
    if (cell_tpm_begin(&t, prefix, word, error) < 0)
        return -1;
    *defined = t.index != ESYS_TR_NONE;
    if (*defined) {
        result = is_ours(&t);
        if (result == 0 && (cell_tpm_put(&t, zeros) < 0 || cell_tpm_get(&t, got) < 0 ||
                            !sodium_is_zero(got, sizeof got) || undefine(&t) < 0))
            result = -1;
    }
    cell_tpm_finish(&t);
    return result;
}
