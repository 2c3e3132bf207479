#include "kiosk/core/message.h"

#include "kiosk/core/message_parts.h"

#include <sodium.h>
#include <string.h>

const struct message_kind_row message_kinds[MSG_KINDS] = {
    [MSG_LOCKDOWN] = {"lockdown", PART_ALERT | PART_KIOSK | PART_AGE},
    [MSG_CAUTION] = {"caution", PART_ALERT | PART_KIOSK | PART_AGE},
    [MSG_ALL_CLEAR] = {"all-clear", PART_ALERT | PART_KIOSK | PART_AGE | PART_PROOF},
    [MSG_DOOR] = {"door", PART_KIOSK | PART_DETAIL | PART_BOX | PART_WHERE},
    [MSG_FAULT] = {"fault", PART_KIOSK | PART_DETAIL | PART_BOX | PART_WHERE},
    [MSG_DRILL_REPORT] = {"drill-report", PART_KIOSK | PART_COUNTS | PART_RANG | PART_BOX},
    [MSG_CODE] = {"code", PART_ALERT | PART_KIOSK | PART_BOX | PART_WHERE},
    [MSG_DURESS] = {"duress", PART_ALERT | PART_KIOSK | PART_BOX | PART_WHERE},
    [MSG_NOTHING] = {"nothing", PART_KIOSK | PART_BOX | PART_WHERE},
    [MSG_COUNTS] = {"counts", PART_KIOSK | PART_COUNTS | PART_HELP | PART_PHONES | PART_BOX},
    [MSG_STATE] = {"state", PART_KIOSK | PART_AGE | PART_STATE | PART_NONCE | PART_PROOF},
    [MSG_ONLINE] = {"online", PART_KIOSK | PART_LINK},
    [MSG_LOST] = {"lost", PART_KIOSK | PART_LINK},
    [MSG_BEAT] = {"beat", PART_DATE | PART_AGE | PART_BEAT},
    [MSG_RETIRED] = {"retired", PART_KIOSK},
    [MSG_REVOKED] = {"revoked", PART_KIOSK},
    [MSG_VOUCHED] = {"vouched", PART_KIOSK | PART_HASH},
    [MSG_RING] = {"ring", PART_DATE | PART_RING},
    [MSG_PING] = {"ping", PART_PING | PART_PHONES},
    [MSG_SEEN] = {"seen", PART_ALERT | PART_ACCOUNT},
    [MSG_SAFE] = {"safe", PART_ALERT | PART_ACCOUNT},
    [MSG_HELP] = {"help", PART_ALERT | PART_ACCOUNT},
    [MSG_RANG] = {"rang", PART_ALERT | PART_ACCOUNT},
    [MSG_SUBSCRIBED] = {"subscribed", PART_ACCOUNT | PART_HASH},
    [MSG_CMD_LOCKDOWN] = {"command-lockdown", PART_ACCOUNT | PART_NONCE},
    [MSG_CMD_CAUTION] = {"command-caution", PART_ACCOUNT | PART_NONCE},
    [MSG_CMD_ALL_CLEAR] = {"command-all-clear", PART_ACCOUNT | PART_NONCE | PART_PROOF},
    [MSG_CMD_DRILL] = {"command-drill", PART_ACCOUNT | PART_NONCE},
    [MSG_CMD_ABORT] = {"command-abort", PART_ACCOUNT | PART_NONCE},
};

const char *const message_groups[FRESHNESS_GROUPS] = {
    [FRESHNESS_STATE] = "state", [FRESHNESS_STAFF] = "staff", [FRESHNESS_RING] = "ring"};

const char *const message_states[ALERT_LOCKDOWN + 1] = {"quiet", "caution", "lockdown"};

const char *message_kind_name(enum message_kind k)
{
    return k < MSG_KINDS ? message_kinds[k].name : "unknown";
}

bool message_is_clear(enum message_kind k)
{
    return k == MSG_ONLINE || k == MSG_LOST || k == MSG_BEAT || k == MSG_RING || k == MSG_REVOKED ||
           k == MSG_VOUCHED;
}

bool message_shaped(const char *text, const char *shape)
{
    size_t i;
    for (i = 0; shape[i] != '\0'; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        bool letter = text[i] >= 'a' && text[i] <= 'f';
        bool fits = shape[i] == '0'   ? digit
                    : shape[i] == 'x' ? digit || letter
                                      : text[i] == shape[i];
        if (!fits)
            return false;
    }
    return text[i] == '\0';
}

bool message_at_is_good(const char *at)
{
    return message_shaped(at, "0000-00-00T00:00:00Z");
}

bool message_account_is_good(const char *account)
{
    return message_shaped(account, "xxxxxxxxxxxxxxxx");
}

bool message_detail_is_good(const char *detail)
{
    size_t len = strspn(detail, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return len > 0 && len < MESSAGE_DETAIL_MAX && detail[len] == '\0';
}

bool message_where_is_good(const char *where)
{
    size_t len = strspn(where, "abcdefghijklmnopqrstuvwxyz0123456789-_");
    return len > 0 && len < MESSAGE_WHERE_MAX && where[len] == '\0';
}

void message_id_write(const struct alert_id *id, char out[37])
{
    static const char digits[] = "0123456789abcdef";
    char *p = out;
    for (size_t i = 0; i < sizeof id->bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = digits[id->bytes[i] >> 4];
        *p++ = digits[id->bytes[i] & 15];
    }
    *p = '\0';
}

int message_id_read(struct alert_id *id, const char *text)
{
    size_t got;
    if (!message_shaped(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"))
        return -1;
    return sodium_hex2bin(id->bytes, sizeof id->bytes, text, strlen(text), "-", &got, NULL);
}
