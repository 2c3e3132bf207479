#include "kiosk/cli/vault/vault_pending.h"

#include "kiosk/cli/sibling_program.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <string.h>

int vault_nothing_pending(const char *prefix, char mark[VAULT_MARK])
{
    int status =
        sibling_program_read("porchlight-wipe", "--pending", prefix, false, mark, VAULT_MARK);
    if (status == 0)
        return 0;
    if (status == 1)
        log_error(
            "No vault opens now: a wipe was requested and is not finished. To see how far it is: "
            "porchlight wipe --status");
    else
        log_error("No vault opens now: it is not known whether a wipe is pending (%s). To see why: "
                  "porchlight doctor",
                  status < 0 ? strerror(errno) : "see above");
    return -1;
}
