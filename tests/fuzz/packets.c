/* What other programs of this machine send, and addresses that people write. */

#include "tests/fuzz/fuzz.h"

#include "config/city.h"
#include "hw/line_address.h"
#include "hw/sim/sim_command.h"
#include "hw/sim/sim_line.h"
#include "kiosk/alertd/control.h"
#include "kiosk/common/unix_socket.h"
#include "kiosk/mqtt/host.h"
#include "kiosk/relay/webpush_sender.h"
#include "kiosk/screen/cue_client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void cue_one(const uint8_t *bytes, size_t len)
{
    struct cue cue;
    struct screen_qr qr;
    if (cue_client_read(bytes, len, &cue, &qr) == CUE_CLIENT_QR)
        FUZZ_MUST(qr.seconds <= 60 && qr.length <= sizeof qr.text);
}

static void cue_seeds(void)
{
    struct screen_cue cue = {.magic = SCREEN_MAGIC, .kind = SCREEN_CUE, .signs = 3, .seen = 1};
    struct screen_qr qr = {.magic = SCREEN_MAGIC, .kind = SCREEN_QR, .seconds = 60, .length = 4};
    fuzz_seed(&cue, sizeof cue);
    fuzz_seed(&qr, sizeof qr);
}

/* A command a line, to two lines. */
static void sim_one(const uint8_t *bytes, size_t len)
{
    struct sim_line out = {.name = "lamp", .poll_fd = -1, .wake_fd = -1};
    struct sim_line in = {.name = "front", .next = &out, .poll_fd = -1, .wake_fd = -1};
    struct sim_lines lines = {.first = &in};
    out.line.direction = LINE_OUTPUT;
    char *rest = fuzz_text(bytes, len), *packet, reply[SIM_REPLY_MAX];
    struct line_edge edges[SIM_QUEUE];
    int64_t now = INT64_C(1000000000000);
    while ((packet = strsep(&rest, "\n"))) {
        sim_command(&lines, packet, strnlen(packet, SIM_COMMAND_MAX), now, reply);
        FUZZ_MUST(strncmp(reply, "ok", 2) == 0 || strncmp(reply, "error: ", 7) == 0);
        now += 1000000000;
    }
    FUZZ_MUST(in.waiting <= SIM_QUEUE && in.first < SIM_QUEUE);
    sim_line_take(&in, edges, 8);
}

static void sim_seeds(void)
{
    fuzz_seed_text("set front 1\nset front 0 1000000000500\nget front\nlist\nhistory front");
    fuzz_seed_text("pulses front 3 999000000000 100000000 100000000\nchatter front 70\nget lamp");
    fuzz_seed_text("lose front 3\ngone front\nbusy other\nfree other\nset front 1");
}

/* control.sock and admin.sock: packets of one client, answered by this. */
static size_t control_reply(void *context, const char *request, char reply[CONTROL_REPLY_MAX])
{
    (void)context;
    FUZZ_MUST(request[0] && strlen(request) <= CONTROL_REQUEST_MAX);
    return strcmp(request, "status") == 0 ? control_accept(reply) : control_refuse("no", reply);
}

static void control_one(const uint8_t *bytes, size_t len)
{
    char path[256], reply[CONTROL_REPLY_MAX];
    snprintf(path, sizeof path, "%s/control.sock", fuzz_prefix());
    struct loop *loop = loop_new();
    struct control *c = control_new(path, 0600, loop, control_reply, NULL);
    FUZZ_MUST(loop && c);
    int fd = unix_socket_connect(path);
    FUZZ_MUST(fd >= 0);
    loop_deadline(loop, 0);
    loop_turn(loop);
    for (int packets = 0; len > 0 && packets < 8; packets++) {
        uint8_t size[2], packet[1024];
        fuzz_take(&bytes, &len, size, 2);
        size_t n = (size_t)(size[0] | (size[1] & 3) << 8);
        n = n < len ? n : len;
        fuzz_take(&bytes, &len, packet, n);
        if (n > 0 && unix_socket_send(fd, packet, n) != 0)
            break;
        loop_deadline(loop, 0);
        loop_turn(loop);
        if (unix_socket_wait(fd, 0) == 1)
            unix_socket_receive(fd, reply, sizeof reply);
    }
    close(fd);
    control_free(c);
    loop_free(loop);
    unlink(path);
}

static void control_seeds(void)
{
    fuzz_seed("\6\0status\12\0drill wipe", 20);
    fuzz_seed("\15\0invite member", 15);
}

/* --- addresses
 * ------------------------------------------------------------------------------------ */

static void host_one(const uint8_t *bytes, size_t len)
{
    struct mqtt_host h;
    const char *why = NULL;
    if (!mqtt_host_read(fuzz_text(bytes, len), &h, &why))
        FUZZ_MUST(why && why[0]);
    else
        FUZZ_MUST(h.dialled[0] && h.certified[0]);
}

static void host_seeds(void)
{
    fuzz_seed_text("broker.example.org.");
    fuzz_seed_text("[fe80::1%wlan0]");
    fuzz_seed_text("192.0.2.1");
    fuzz_seed_text("m\xc3\xbcnchen.example");
    fuzz_seed_text("m\xc2\xadn");
}

static void line_one(const uint8_t *bytes, size_t len)
{
    struct line_address a;
    if (line_address_parse(fuzz_text(bytes, len), &a) == 0)
        FUZZ_MUST(a.kind != LINE_SIMULATED || strlen(a.name) <= LINE_SIM_NAME_MAX);
}

static void line_seeds(void)
{
    fuzz_seed_text("gpiochip0:17");
    fuzz_seed_text("GPIO17");
    fuzz_seed_text("sim:front=1");
    fuzz_seed_text("pinctrl-bcm2711/4");
}

static void endpoint_one(const uint8_t *bytes, size_t len)
{
    char *list = fuzz_text(bytes, len), *endpoint = strchr(list, '\n');
    if (!endpoint)
        return;
    *endpoint++ = '\0';
    webpush_sender_allows(list, endpoint);
}

static void endpoint_seeds(void)
{
    fuzz_seed_text("*.push.apple.com fcm.googleapis.com:8443\nhttps://web.push.apple.com/a");
}

/* The table of time zones; the first line is the name that is looked for. */
static void city_one(const uint8_t *bytes, size_t len)
{
    char *name = fuzz_text(bytes, len), *table = strchr(name, '\n'), near[128];
    struct city city;
    if (!table)
        return;
    *table++ = '\0';
    const char *path = fuzz_file("/etc/zone.tab", table, strlen(table));
    if (city_find(path, name, &city, near) == 0)
        FUZZ_MUST(city.latitude >= -90 && city.latitude <= 90 && city.longitude >= -180 &&
                  city.longitude <= 180);
}

static void city_seeds(void)
{
    fuzz_seed_text("Baku\n# comment\nAZ\t+4023+04951\tAsia/Baku\nGE\t+4143+04449\tAsia/Tbilisi\n"
                   "AQ\t-720041+0023206\tAntarctica/Troll\n");
}

const struct fuzz_target fuzz_packets[] = {
    {"cue", cue_one, cue_seeds, 1600},
    {"sim", sim_one, sim_seeds, 1024},
    {"control", control_one, control_seeds, 2048},
    {"host", host_one, host_seeds, 300},
    {"line", line_one, line_seeds, 100},
    {"endpoint", endpoint_one, endpoint_seeds, 700},
    {"city", city_one, city_seeds, 2048},
    {.name = NULL},
};
