#include "hw/cell.h"
#include "kiosk/cli/cli.h"
#include "kiosk/cli/files.h"
#include "kiosk/cli/vault/vault_key.h"
#include "kiosk/cli/vault/vault_make.h"
#include "kiosk/cli/vault/vault_pending.h"
#include "kiosk/common/paths.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { MIB = 1 << 20, SIZE_DEFAULT = 256, SIZE_MIN = 8, SIZE_MAX_MIB = 1 << 20 };

struct options {
    const char *make, *path, *mount, *cell, *key_file;
    long size; /* MiB */
    bool survives;
};

static const struct vault_ops *ops_of(const struct vault *v)
{
    return v->make == VAULT_LUKS ? &vault_luks : &vault_fscrypt;
}

static int make_folder_above(const char *real)
{
    char folder[PATH_LEN];
    char *slash;
    snprintf(folder, sizeof folder, "%s", real);
    slash = strrchr(folder, '/');
    *slash = '\0';
    if (slash == folder || files_make_folders(folder, 0700) == 0)
        return 0;
    fprintf(stderr, "porchlight vault: %s: %s\n", folder, strerror(errno));
    return -1;
}

static int with_key(const struct cli *cli, struct vault *v, const struct options *o, bool fresh,
                    uint64_t size)
{
    uint8_t *cell_key = sodium_malloc(CELL_KEY), *key = sodium_malloc(VAULT_KEY);
    char real[PATH_LEN], mount[PATH_LEN] = "";
    int result = -1;
    if (cell_key && key && path_under(cli->prefix, v->path, real) == 0 &&
        (!fresh || make_folder_above(real) == 0) &&
        (!v->mount[0] || path_under(cli->prefix, v->mount, mount) == 0) &&
        vault_cell_key(cli->prefix, v, o->key_file, fresh, cell_key) == 0) {
        vault_derive(cell_key, v, key);
        result =
            fresh ? ops_of(v)->create(v, real, key, size) : ops_of(v)->open(v, real, mount, key);
        if (fresh && result < 0)
            vault_cell_forget(cli->prefix, v);
    }
    sodium_free(cell_key);
    sodium_free(key);
    return result;
}

/* Fills v. CLI_OK, or CLI_USAGE after a complaint. */
static int vault_take_options(const char *name, const struct options *o, struct vault *v)
{
    const char *wrong;
    if (vault_name_wrong(name))
        return cli_misuse(&cli_vault, "%s", vault_name_wrong(name));
    if (!o->make || !o->path || !o->cell ||
        (strcmp(o->make, "luks") != 0 && strcmp(o->make, "fscrypt") != 0))
        return cli_misuse(&cli_vault,
                          "create wants --make luks|fscrypt, --path /PATH and --cell CELL");
    v->make = strcmp(o->make, "luks") == 0 ? VAULT_LUKS : VAULT_FSCRYPT;
    if (v->make == VAULT_LUKS && (!o->mount || o->size < SIZE_MIN))
        return cli_misuse(&cli_vault, "a luks vault wants --mount /PATH and at least %d MiB",
                          SIZE_MIN);
    if (v->make == VAULT_FSCRYPT && o->mount)
        return cli_misuse(&cli_vault, "an fscrypt vault is a folder itself and has no --mount");
    if ((wrong = vault_path_wrong(o->path)))
        return cli_misuse(&cli_vault, "--path %s: %s", o->path, wrong);
    if (o->mount && (wrong = vault_path_wrong(o->mount)))
        return cli_misuse(&cli_vault, "--mount %s: %s", o->mount, wrong);
    if (strlen(o->cell) >= sizeof v->cell)
        return cli_misuse(&cli_vault, "--cell is too long");
    if (strncmp(o->cell, "file:", 5) == 0 && !o->survives)
        return cli_misuse(&cli_vault,
                          "a key in a file on the card survives its wipe in worn blocks: whoever "
                          "reads those opens the vault. Use nvmem:, tpm: or ram, or add "
                          "--i-know-this-survives for a trial");
    if (o->key_file && strcmp(o->cell, "ram") != 0)
        return cli_misuse(&cli_vault, "--key-file goes with --cell ram: other cells make their key "
                                      "themselves");
    snprintf(v->name, sizeof v->name, "%s", name);
    snprintf(v->path, sizeof v->path, "%s", o->path);
    snprintf(v->cell, sizeof v->cell, "%s", o->cell);
    snprintf(v->mount, sizeof v->mount, "%s", o->mount ? o->mount : "");
    return CLI_OK;
}

/* Without its file, which holds the salt, it would never open again. */
static void unmake(const struct cli *cli, const struct vault *v)
{
    char real[PATH_LEN];
    if (path_under(cli->prefix, v->path, real) == 0) {
        if (v->make == VAULT_FSCRYPT)
            ops_of(v)->close(v, real, "");
        if (remove(real) < 0)
            fprintf(stderr, "porchlight vault: %s: %s\n", real, strerror(errno));
    }
    vault_cell_forget(cli->prefix, v);
}

static int vault_create(const struct cli *cli, const char *name, const struct options *o)
{
    char mark[VAULT_MARK];
    struct vault v = {0};
    int result = vault_take_options(name, o, &v);

    if (result != CLI_OK)
        return result;
    if (vault_file_exists(cli->prefix, name)) {
        fprintf(stderr, "porchlight vault: there is a vault %s already\n", name);
        return CLI_FAILED;
    }
    randombytes_buf(v.salt, sizeof v.salt);
    if (vault_nothing_pending(cli->prefix, mark) < 0 ||
        with_key(cli, &v, o, true, (uint64_t)o->size * MIB) < 0)
        return CLI_FAILED;
    if (vault_file_write(cli->prefix, &v) < 0) {
        unmake(cli, &v);
        return CLI_FAILED;
    }
    printf("The vault %s is made%s.\n", name,
           v.make == VAULT_FSCRYPT ? " and open" : ", and closed: porchlight vault open opens it");
    printf("In " PATH_PLAN " it wants\n\n");
    if (strcmp(v.cell, "ram") != 0)
        printf("[cell %s-key]\ncell = %s\n\n", name, v.cell);
    printf("[%s %s]\npath = %s\n%s%s%s\nand a root that holds it: see porchlight wipe --plan.\n",
           v.make == VAULT_LUKS ? "luks" : "fscrypt", name, v.path,
           v.make == VAULT_LUKS ? "mapping = porchlight-" : "", v.make == VAULT_LUKS ? name : "",
           v.make == VAULT_LUKS ? "\n" : "");
    return CLI_OK;
}

static int close_one(const struct cli *cli, const struct vault *v)
{
    char real[PATH_LEN], mount[PATH_LEN] = "";
    if (path_under(cli->prefix, v->path, real) < 0 ||
        (v->mount[0] && path_under(cli->prefix, v->mount, mount) < 0))
        return CLI_FAILED;
    return ops_of(v)->close(v, real, mount) == 0 ? CLI_OK : CLI_FAILED;
}

static bool is_open(const struct cli *cli, const struct vault *v)
{
    char real[PATH_LEN];
    return path_under(cli->prefix, v->path, real) == 0 && ops_of(v)->status(v, real) == 1;
}

/* A wipe may have come between the look and the opening, and have missed what opened behind it. */
static int vault_open(const struct cli *cli, const char *name, const struct options *o)
{
    char before[VAULT_MARK], after[VAULT_MARK];
    struct vault v;

    if (vault_file_read(cli->prefix, name, &v) < 0)
        return CLI_FAILED;
    if (is_open(cli, &v)) {
        printf("The vault %s is open already.\n", name);
        return CLI_OK;
    }
    if (vault_nothing_pending(cli->prefix, before) < 0 || with_key(cli, &v, o, false, 0) < 0)
        return CLI_FAILED;
    if (vault_nothing_pending(cli->prefix, after) == 0 && strcmp(before, after) == 0)
        return CLI_OK;
    fprintf(stderr, "porchlight vault: a wipe came while %s was opened; it is closed again\n",
            name);
    close_one(cli, &v);
    return CLI_FAILED;
}

static int vault_close(const struct cli *cli, const char *name)
{
    struct vault v;

    return vault_file_read(cli->prefix, name, &v) == 0 ? close_one(cli, &v) : CLI_FAILED;
}

static int vault_show(const struct cli *cli, const char *name)
{
    static const char *const words[] = {"cannot be told", "closed", "open"};
    char real[PATH_LEN];
    struct vault v;

    if (vault_file_read(cli->prefix, name, &v) < 0 || path_under(cli->prefix, v.path, real) < 0)
        return CLI_FAILED;
    printf("%-20s %-8s %-16s %s\n", name, v.make == VAULT_LUKS ? "luks" : "fscrypt",
           words[ops_of(&v)->status(&v, real) + 1], v.cell);
    return CLI_OK;
}

static int show_all(const struct cli *cli)
{
    char folder[PATH_LEN];
    int result = CLI_OK;
    struct dirent *e;
    DIR *d = path_under(cli->prefix, PATH_VAULTS, folder) == 0 ? opendir(folder) : NULL;

    while (d && (e = readdir(d))) {
        if (!vault_name_wrong(e->d_name) && vault_show(cli, e->d_name) != CLI_OK)
            result = CLI_FAILED;
    }
    if (d)
        closedir(d);
    return result;
}

static const char *take_size(void *field, const char *value)
{
    long *mib = field;
    char *end;
    errno = 0;
    *mib = strtol(value, &end, 10);
    return errno == 0 && end != value && *end == '\0' && *mib >= SIZE_MIN && *mib <= SIZE_MAX_MIB
               ? NULL
               : "a number of MiB, 8 to 1048576";
}

static int vault_run(const struct cli *cli, void *own, char **words)
{
    struct options *o = own;
    const char *verb = words[0], *name = words[1];
    o->size = o->size ? o->size : SIZE_DEFAULT;
    prctl(PR_SET_DUMPABLE, 0);
    mlockall(MCL_CURRENT | MCL_FUTURE); /* what a library copies of a key stays off the disk too */
    if (sodium_init() < 0)
        return CLI_FAILED;
    if (strcmp(verb, "status") == 0)
        return name ? vault_show(cli, name) : show_all(cli);
    if (name && strcmp(verb, "create") == 0)
        return vault_create(cli, name, o);
    if (name && strcmp(verb, "open") == 0)
        return vault_open(cli, name, o);
    if (name && strcmp(verb, "close") == 0)
        return vault_close(cli, name);
    return cli_misuse(&cli_vault, "expected create, open, close or status, and a NAME");
}

static const struct cli_option vault_options[] = {
    OPTION("make", "luks|fscrypt", struct options, make,
           "create: a container of its own, or an encrypted folder"),
    OPTION("path", "/PATH", struct options, path, "create: the container, or the folder"),
    OPTION("mount", "/PATH", struct options, mount, "create: where a luks vault is mounted"),
    OPTION_BY("size", "N", struct options, size, take_size,
              "create: the size of a luks vault in MiB; 256 unless given"),
    OPTION("cell", "CELL", struct options, cell,
           "create: where the key is kept: nvmem:NAME, tpm:INDEX, ram or file:/PATH"),
    OPTION("key-file", "FILE", struct options, key_file,
           "with cell ram: the key's file, on a stick that is then taken out; without it, you type "
           "the key"),
    OPTION("i-know-this-survives", NULL, struct options, survives,
           "create: accept a file on the card as the cell all the same"),
    {0},
};

const struct cli_command cli_vault = {
    .name = "vault",
    .arguments = "create|open|close|status NAME [OPTIONS]",
    .summary = "keep files under a key in a cell that a wipe really overwrites",
    .options = vault_options,
    .size = sizeof(struct options),
    .words_min = 1,
    .words_max = 2,
    .run = vault_run,
};
