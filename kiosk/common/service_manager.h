#ifndef PORCHLIGHT_COMMON_SERVICE_MANAGER_H
#define PORCHLIGHT_COMMON_SERVICE_MANAGER_H

#include <stdint.h>

/* What a service and systemd say to each other (sd_notify(3), sd_listen_fds(3),
 * sd_watchdog_enabled(3)): three variables of the environment and a datagram. libsystemd would
 * bring six more libraries into every program, the alarm too. */

/* How long a message waits for a place in systemd's queue. */
enum service_patience {
    SERVICE_AT_ONCE, /* it is lost if the queue is full */
    SERVICE_PATIENT, /* up to 5 s */
};

/* "READY=1" and the like. Nothing is done where $NOTIFY_SOCKET is not set. */
void service_notify(const char *message, enum service_patience patience);

/* Waits until systemd has taken in what was sent before, at most timeout_ms. */
void service_notify_barrier(int timeout_ms);

/* How many descriptors systemd handed over, from SERVICE_FIRST_FD on; each is close-on-exec. */
enum { SERVICE_FIRST_FD = 3 };
int service_handed_over(void);

/* The time of systemd's watchdog, ns; 0: it does not watch this process. */
int64_t service_watchdog(void);

#endif
