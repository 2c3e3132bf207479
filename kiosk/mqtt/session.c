#include "kiosk/mqtt/session.h"

#include "kiosk/common/clock.h"
#include "kiosk/mqtt/dial.h"
#include "kiosk/mqtt/session_parts.h"
#include "kiosk/mqtt/tls.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* How long it is left alone: libmosquitto looks after its keepalive once a turn. */
#define TURN       (2 * SECOND)
#define TURN_TRIAL (250 * INT64_C(1000000))

/* Beyond so many publications that the broker has not answered, libmosquitto sends none, an alert
 * neither. A broker that never answers for one kind is left long before. */
enum { UNANSWERED_MOST = 1000 };

void mqtt_session_library_init(void)
{
    /* One arena for all threads: they allocate little, and what each keeps for itself is lost to
     * the others. */
    mallopt(M_ARENA_MAX, 1);
    mqtt_tls_library_init();
    mosquitto_lib_init();
}

static int options_set(struct mqtt_session *s, SSL_CTX *tls)
{
    int version = s->version == MQTT_VERSION_5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311;
    int bad = mosquitto_int_option(s->mosq, MOSQ_OPT_PROTOCOL_VERSION, version);
    bad |= mosquitto_int_option(s->mosq, MOSQ_OPT_SEND_MAXIMUM, UNANSWERED_MOST);
    bad |= mosquitto_int_option(s->mosq, MOSQ_OPT_TCP_NODELAY, 1);
    if (tls) {
        bad |= mosquitto_void_option(s->mosq, MOSQ_OPT_SSL_CTX, tls);
        bad |= mosquitto_int_option(s->mosq, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
    }
    return bad;
}

static int identity_set(struct mqtt_session *s, uint64_t connection)
{
    uint8_t payload[MQTT_PAYLOAD_MAX];
    const struct mqtt_setup *setup = s->setup;
    int bad = 0;
    if (s->limits.will) {
        size_t len = setup->will(setup->will_context, connection, payload);
        bad |= mosquitto_will_set(s->mosq, setup->will_topic, (int)len, payload,
                                  s->limits.qos > 0 ? 1 : 0,
                                  s->limits.retain && !s->manners->will_unretained);
    }
    if (setup->broker.user[0] != '\0')
        bad |= mosquitto_username_pw_set(s->mosq, setup->broker.user, setup->password);
    return bad;
}

struct mqtt_session *mqtt_session_new(const struct mqtt_setup *setup, SSL_CTX *tls,
                                      enum mqtt_version version, struct mqtt_manners *manners,
                                      bool pending, uint64_t connection,
                                      const struct mqtt_session_listener *listener)
{
    struct mqtt_session *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    bool own_id = setup->client_id[0] != '\0' && !(manners->no_id && setup->session_s == 0);
    s->setup = setup;
    s->manners = manners;
    s->version = version;
    s->listener = *listener;
    s->careful = setup->careful;
    s->pending = pending && setup->careful;
    s->keepalive = setup->keepalive;
    s->waiting_last = &s->waiting;
    s->limits = (struct mqtt_limits){.qos = manners->no_qos ? 0 : 2,
                                     .retain = !manners->no_retain,
                                     .will = setup->will && !manners->no_will,
                                     .wildcard = true};
    s->end.fault = MQTT_FAULT_BROKER;
    s->mosq = mosquitto_new(own_id ? setup->client_id : NULL, setup->session_s == 0, s);
    if (!s->mosq || options_set(s, tls) != 0 || identity_set(s, connection) != 0) {
        mqtt_session_free(s);
        return NULL;
    }
    session_callbacks_set(s->mosq);
    return s;
}

void mqtt_session_free(struct mqtt_session *s)
{
    if (!s)
        return;
    for (struct waiting *w; (w = s->waiting);) {
        s->waiting = w->next;
        session_waiting_free(w);
    }
    mosquitto_destroy(s->mosq);
    free(s);
}

/* libmosquitto's own reason, unless the broker gave one. 0 or -1. */
static int session_result(struct mqtt_session *s, int code)
{
    if (code == MOSQ_ERR_SUCCESS)
        return s->end.refused ? -1 : 0;
    s->lost = code;
    s->error = s->broken != 0 ? s->broken : code == MOSQ_ERR_ERRNO ? errno : 0;
    /* A CONNACK of 3.1.1 is no whole one of MQTT 5: of such, libmosquitto 2.0.21 says no more. */
    if (code == MOSQ_ERR_MALFORMED_PACKET && !s->up && s->version == MQTT_VERSION_5)
        session_on_connect(s->mosq, s, MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION, 0, NULL);
    if (!s->end.refused)
        snprintf(s->end.detail, sizeof s->end.detail, "%s",
                 s->error != 0 ? strerror(s->error) : mosquitto_strerror(code));
    return -1;
}

int mqtt_session_connect(struct mqtt_session *s, int fd, const char *address)
{
    int keepalive_s = (int)(s->setup->keepalive / SECOND);
    mosquitto_property *properties = NULL;
    if (s->setup->session_s > 0 && s->version == MQTT_VERSION_5)
        mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
                                     s->setup->session_s);
    mqtt_dial_hand_over(fd);
    int code = mosquitto_connect_bind_v5(s->mosq, address, s->setup->broker.port, keepalive_s, NULL,
                                         properties);
    mqtt_dial_hand_over(-1);
    mosquitto_property_free_all(&properties);
    return session_result(s, code);
}

int mqtt_session_fd(const struct mqtt_session *s)
{
    return mosquitto_socket(s->mosq);
}

bool mqtt_session_wants_write(const struct mqtt_session *s)
{
    return mosquitto_want_write(s->mosq);
}

int64_t mqtt_session_patience(const struct mqtt_session *s)
{
    if (s->trial.thing || s->mute.thing || session_is_held(s) || pubacks_wait(&s->pubacks))
        return TURN_TRIAL;
    return s->keepalive / 4 < TURN ? s->keepalive / 4 : TURN;
}

/* What broke the connection, asked before libmosquitto reads: it says goodbye by TLS on what is
 * broken already, and leaves that failure in errno instead. What the broker sent before can still
 * be read. */
static void note_break(struct mqtt_session *s)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(mosquitto_socket(s->mosq), SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
        error != 0)
        s->broken = error;
}

/* Before libmosquitto reads, too: it may close in the same turn. */
static void note_first_byte(struct mqtt_session *s)
{
    char byte;
    if (!s->heard)
        s->heard = recv(mosquitto_socket(s->mosq), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

int mqtt_session_turn(struct mqtt_session *s)
{
    note_break(s);
    note_first_byte(s);
    if (session_result(s, mosquitto_loop(s->mosq, 0, 1)) != 0)
        return -1;
    session_age(s);
    if (!s->pubacks.jammed)
        return 0;
    if (!s->end.refused)
        snprintf(s->end.detail, sizeof s->end.detail, "it does not confirm what it is sent");
    return -1;
}

void mqtt_session_leave(struct mqtt_session *s)
{
    mosquitto_disconnect(s->mosq);
    mosquitto_loop(s->mosq, 0, 1);
}

bool mqtt_session_is_up(const struct mqtt_session *s)
{
    return s->up;
}

bool mqtt_session_has_heard(const struct mqtt_session *s)
{
    return s->heard;
}

/* The network gave up, rather than the broker hung up. */
static bool is_given_up(const struct mqtt_session *s)
{
    return s->lost == MOSQ_ERR_KEEPALIVE || s->error == ETIMEDOUT || s->error == EHOSTUNREACH ||
           s->error == ENETUNREACH || s->error == ENETDOWN;
}

static bool is_hung_up(const struct mqtt_session *s)
{
    return s->goodbye ||
           ((s->lost == MOSQ_ERR_CONN_LOST || s->lost == MOSQ_ERR_ERRNO) && !is_given_up(s));
}

/* A connection that ended without a goodbye may have been ended by anything. */
static enum mqtt_blame session_blame(const struct mqtt_session *s, const struct trial *t)
{
    enum mqtt_blame said =
        s->goodbye ? mqtt_reason_blames(s->connack, t->thing->kind == 's') : MQTT_BLAME_MAYBE;
    return said == MQTT_BLAME_MAYBE && t == &s->denied ? MQTT_BLAME_CERTAIN : said;
}

static void judge_trial(struct mqtt_session *s, const struct trial *t, int64_t now)
{
    char detail[MQTT_DETAIL_MAX];
    bool retained = t->retained && !s->manners->retains;
    bool limited = s->goodbye && s->end.fault == MQTT_FAULT_LIMITS;
    if (!t->thing || now - t->began > MANNERS_SUSPICION)
        return;
    enum mqtt_blame blame = session_blame(s, t);
    if (blame == MQTT_BLAME_NONE)
        return;
    snprintf(detail, sizeof detail, "it ended the connection at %s%s%s%.200s",
             retained   ? "a retained message on "
             : t->vital ? "an alert on "
                        : "",
             t->topic, s->end.detail[0] ? ": " : "", s->end.detail);
    session_refused(s, retained || limited ? MQTT_FAULT_LIMITS : MQTT_FAULT_RIGHTS, detail);
    if (t->vital)
        return;
    t->thing->limited = limited;
    s->end.learnt =
        manners_blame(s->manners, t->thing, t->retained, blame == MQTT_BLAME_CERTAIN, now);
}

/* What a goodbye says of all that follows; CONNECT and its will had been taken before. */
static bool is_limit_of_all(int code)
{
    return code == MQTT_RC_RETAIN_NOT_SUPPORTED || code == MQTT_RC_QOS_NOT_SUPPORTED;
}

/* What it hung up at: what it had just refused, or what it has not answered. */
static const struct trial *session_suspect(const struct mqtt_session *s, int64_t now)
{
    if (s->denied.thing && now - s->denied.began <= MANNERS_SUSPICION)
        return &s->denied;
    return s->trial.thing ? &s->trial : &s->mute;
}

struct mqtt_session_end mqtt_session_end(struct mqtt_session *s, bool stopped)
{
    int64_t now = clock_now();
    if (stopped || s->judged)
        return s->end;
    s->judged = true;
    if (s->connack != 0 && (!s->up || is_limit_of_all(s->connack)))
        s->end.learnt = manners_refused(s->manners, s->connack, s->limits.will && !s->up, now);
    else if (!s->up && s->lost == MOSQ_ERR_PROTOCOL)
        s->end.learnt = manners_refused(s->manners, -1, s->limits.will, now);
    if (!s->end.refused && is_given_up(s))
        s->end.fault = MQTT_FAULT_ROUTE;
    if (s->up && !s->end.learnt && is_hung_up(s))
        judge_trial(s, session_suspect(s, now), now);
    return s->end;
}
