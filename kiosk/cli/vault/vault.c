#include "hw/cell.h"
#include "kiosk/cli/cli.h"
#include "kiosk/cli/files.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/vault/vault_key.h"
#include "kiosk/cli/vault/vault_make.h"
#include "kiosk/cli/vault/vault_pending.h"
#include "kiosk/common/log.h"
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
    log_error("The vault was not made: the folder %s cannot be made: %s.", folder, strerror(errno));
    return -1;
}

static int with_key(const struct cli *cli, struct vault *v, const struct options *o, bool fresh,
                    uint64_t size)
{
    uint8_t *cell_key = locked_memory(CELL_KEY), *key = locked_memory(VAULT_KEY);
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

/* NULL, or what is wrong with the options of create. */
static const char *create_wrong(const struct options *o)
{
    if (!o->make || !o->path || !o->cell)
        return "create needs --make luks|fscrypt, --path /PATH and --cell CELL";
    if (strcmp(o->make, "luks") == 0 && !o->mount)
        return "a luks vault needs --mount /PATH";
    if (strcmp(o->make, "fscrypt") == 0 && o->mount)
        return "an fscrypt vault is a folder itself and has no --mount";
    if (strlen(o->cell) >= CELL_WORD_MAX)
        return "--cell is too long";
    if (strncmp(o->cell, "file:", 5) == 0 && !o->survives)
        return "a key in a file on the card survives its wipe in worn blocks, and whoever reads "
               "those "
               "can open the vault. Use nvmem:, tpm: or ram; for a trial, add "
               "--i-know-this-survives";
    if (o->key_file && strcmp(o->cell, "ram") != 0)
        return "--key-file goes with --cell ram: other cells make their key themselves";
    return NULL;
}

/* Fills v. CLI_OK, or CLI_USAGE after a complaint. */
static int vault_from_options(const char *name, const struct options *o, struct vault *v)
{
    const char *wrong = vault_name_wrong(name);
    bool is_known = !o->make || strcmp(o->make, "luks") == 0 || strcmp(o->make, "fscrypt") == 0;
    if (!wrong && !is_known)
        return cli_misuse(&cli_vault, "--make %s: expected luks or fscrypt", o->make);
    if (!wrong)
        wrong = create_wrong(o);
    if (wrong)
        return cli_misuse(&cli_vault, "%s", wrong);
    if ((wrong = vault_path_wrong(o->path)))
        return cli_misuse(&cli_vault, "--path %s: %s", o->path, wrong);
    if (o->mount && (wrong = vault_path_wrong(o->mount)))
        return cli_misuse(&cli_vault, "--mount %s: %s", o->mount, wrong);
    v->make = strcmp(o->make, "luks") == 0 ? VAULT_LUKS : VAULT_FSCRYPT;
    snprintf(v->name, sizeof v->name, "%s", name);
    snprintf(v->path, sizeof v->path, "%s", o->path);
    snprintf(v->cell, sizeof v->cell, "%s", o->cell);
    snprintf(v->mount, sizeof v->mount, "%s", o->mount ? o->mount : "");
    return CLI_OK;
}

/* Removes a vault that has no file: the file holds the salt, so it would never open again. */
static void unmake(const struct cli *cli, const struct vault *v)
{
    char real[PATH_LEN];
    if (path_under(cli->prefix, v->path, real) == 0) {
        if (v->make == VAULT_FSCRYPT)
            ops_of(v)->close(v, real, "");
        if (remove(real) < 0)
            log_error("%s is left over and cannot be removed: %s.", real, strerror(errno));
    }
    vault_cell_forget(cli->prefix, v);
}

/* Prints what to add to the wipe's plan for a new vault. */
static void vault_print_plan(const struct vault *v)
{
    bool luks = v->make == VAULT_LUKS;
    print_say("The vault %s is made, and %s%s", v->name,
              luks ? "closed. To open it: porchlight vault open " : "open.", luks ? v->name : "");
    print_say("To have a wipe destroy it, add this to " PATH_PLAN ", and a root that contains it "
              "(porchlight wipe --plan checks it):\n");
    if (strcmp(v->cell, "ram") != 0)
        printf("[cell %s-key]\ncell = %s\n\n", v->name, v->cell);
    printf("[%s %s]\npath = %s\n", luks ? "luks" : "fscrypt", v->name, v->path);
    if (luks)
        printf("mapping = porchlight-%s\n", v->name);
}

static int vault_create(const struct cli *cli, const char *name, const struct options *o)
{
    char mark[VAULT_MARK];
    struct vault v = {0};
    int result = vault_from_options(name, o, &v);

    if (result != CLI_OK)
        return result;
    if (vault_file_exists(cli->prefix, name)) {
        log_error("The vault was not made: there is a vault %s already. Choose another name.",
                  name);
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
    vault_print_plan(&v);
    return CLI_OK;
}

static int close_vault(const struct cli *cli, const struct vault *v)
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

/* A wipe may begin between the look and the opening, and miss what is opened after it: so it looks
 * again afterwards. */
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
    log_error(
        "The vault %s is closed again, because a wipe began while it was being opened. To see "
        "how far it is: porchlight wipe --status",
        name);
    close_vault(cli, &v);
    return CLI_FAILED;
}

static int vault_close(const struct cli *cli, const char *name)
{
    struct vault v;

    return vault_file_read(cli->prefix, name, &v) == 0 ? close_vault(cli, &v) : CLI_FAILED;
}

static int vault_show(const struct cli *cli, const char *name)
{
    static const char *const words[] = {"unknown", "closed", "open"};
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
    bool any = false;
    struct dirent *e;
    DIR *d = path_under(cli->prefix, PATH_VAULTS, folder) == 0 ? opendir(folder) : NULL;

    while (d && (e = readdir(d))) {
        if (vault_name_wrong(e->d_name))
            continue;
        any = true;
        if (vault_show(cli, e->d_name) != CLI_OK)
            result = CLI_FAILED;
    }
    if (d)
        closedir(d);
    if (!any)
        print_say("There is no vault here. To see how one is made: porchlight vault --help");
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
    mlockall(MCL_CURRENT |
             MCL_FUTURE); /* copies of keys that libraries make are not swapped either */
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
