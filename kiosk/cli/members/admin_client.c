#include "kiosk/cli/members/admin_client.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/messages.h"
#include "kiosk/common/topics.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PAUSE_MS = 100, BROKER_MS = 5000 };

int admin_client_ask(const struct cli *cli, cJSON **reply, const char *format, ...)
{
    char request[CONTROL_REQUEST_MAX + 1];
    va_list args;
    va_start(args, format);
    vsnprintf(request, sizeof request, format, args);
    va_end(args);
    int code = control_client_ask_admin(cli, request, reply);
    sodium_memzero(request, sizeof request);
    return code;
}

const char *admin_client_text(const cJSON *reply, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(reply, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

double admin_client_number(const cJSON *reply, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(reply, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static bool is_done(const cJSON *broker)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(broker, "connected")) &&
           admin_client_number(broker, "left") <= 0 &&
           admin_client_text(broker, "fault")[0] == '\0';
}

struct admin_client_brokers admin_client_brokers(const cJSON *reply)
{
    struct admin_client_brokers n = {0};
    const cJSON *b;
    cJSON_ArrayForEach(b, cJSON_GetObjectItemCaseSensitive(reply, "brokers"))
    {
        n.all++;
        n.done += is_done(b);
    }
    return n;
}

static const char *why_not(const cJSON *broker)
{
    const char *fault = admin_client_text(broker, "fault");
    return is_done(broker) ? NULL : fault[0] != '\0' ? fault : "it has not answered yet";
}

const char *admin_client_why_not(const cJSON *reply, const char *broker)
{
    const cJSON *b;
    cJSON_ArrayForEach(b, cJSON_GetObjectItemCaseSensitive(reply, "brokers"))
    {
        if (strcmp(admin_client_text(b, "name"), broker) == 0)
            return why_not(b);
    }
    return "no phone can use it; its key \"phones\" is empty";
}

void admin_client_warn(const cJSON *reply)
{
    const cJSON *b;
    cJSON_ArrayForEach(b, cJSON_GetObjectItemCaseSensitive(reply, "brokers"))
    {
        const char *why = why_not(b);
        if (why)
            log_warning("Broker %s: %s", admin_client_text(b, "name"), why);
    }
}

static bool is_any_connected(const cJSON *reply)
{
    const cJSON *b, *all = cJSON_GetObjectItemCaseSensitive(reply, "brokers");
    cJSON_ArrayForEach(b, all)
    {
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(b, "connected")))
            return true;
    }
    return cJSON_GetArraySize(all) == 0;
}

int admin_client_await_broker(const struct cli *cli)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    int64_t until = clock_now() + BROKER_MS * INT64_C(1000000);
    for (;;) {
        cJSON *reply;
        int code = admin_client_ask(cli, &reply, "phones");
        if (code != CLI_OK)
            return code;
        bool enough = is_any_connected(reply) || clock_now() >= until;
        cJSON_Delete(reply);
        if (enough)
            return CLI_OK;
        nanosleep(&pause, NULL);
    }
}

int admin_client_settle(const struct cli *cli, const char *account, int ms, cJSON **reply)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    int64_t until = clock_now() + ms * INT64_C(1000000);
    for (;;) {
        int code = admin_client_ask(cli, reply, "joining %s", account);
        if (code != CLI_OK)
            return code;
        struct admin_client_brokers n = admin_client_brokers(*reply);
        if (n.done == n.all || clock_now() >= until)
            return CLI_OK;
        cJSON_Delete(*reply);
        nanosleep(&pause, NULL);
    }
}
