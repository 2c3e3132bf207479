#include "kiosk/cli/steward.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/messages.h"
#include "kiosk/common/topics.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PAUSE_MS = 100 };

int steward_ask(const struct cli *cli, cJSON **reply, const char *format, ...)
{
    char request[CONTROL_REQUEST_MAX + 1];
    va_list args;
    va_start(args, format);
    vsnprintf(request, sizeof request, format, args);
    va_end(args);
    int code = control_ask_steward(cli, request, reply);
    sodium_memzero(request, sizeof request);
    return code;
}

const char *steward_text(const cJSON *reply, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(reply, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

double steward_number(const cJSON *reply, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(reply, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static bool is_done(const cJSON *broker)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(broker, "connected")) &&
           steward_number(broker, "left") <= 0 && steward_text(broker, "fault")[0] == '\0';
}

struct steward_brokers steward_brokers(const cJSON *reply)
{
    struct steward_brokers n = {0};
    const cJSON *b;
    cJSON_ArrayForEach(b, cJSON_GetObjectItemCaseSensitive(reply, "brokers"))
    {
        n.all++;
        n.done += is_done(b);
    }
    return n;
}

void steward_complain(const cJSON *reply, const char *command)
{
    const cJSON *b;
    cJSON_ArrayForEach(b, cJSON_GetObjectItemCaseSensitive(reply, "brokers"))
    {
        const char *fault = steward_text(b, "fault");
        if (!is_done(b))
            fprintf(stderr, "porchlight %s: broker %s: %s\n", command, steward_text(b, "name"),
                    fault[0] != '\0' ? fault : "not done yet");
    }
}

int steward_settle(const struct cli *cli, const char *account, int ms, cJSON **reply)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    int64_t until = clock_now() + ms * INT64_C(1000000);
    for (;;) {
        int code = steward_ask(cli, reply, "joining %s", account);
        if (code != CLI_OK)
            return code;
        struct steward_brokers n = steward_brokers(*reply);
        if (n.done == n.all || clock_now() >= until)
            return CLI_OK;
        cJSON_Delete(*reply);
        nanosleep(&pause, NULL);
    }
}

bool steward_is_account(const char *text)
{
    return strlen(text) == TOPIC_ID_LEN && strspn(text, "0123456789abcdef") == TOPIC_ID_LEN;
}
