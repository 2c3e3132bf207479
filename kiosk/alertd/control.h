#ifndef PORCHLIGHT_ALERTD_CONTROL_H
#define PORCHLIGHT_ALERTD_CONTROL_H

#include "kiosk/common/loop.h"
#include "kiosk/common/messages.h"

#include <stddef.h>
#include <sys/types.h>

/* control.sock and admin.sock: one request, one reply a packet, as messages.h says. Anything else
 * closes the connection. */
struct control;

/* Answers one well-formed request (terminated, one of the words of messages.h or not) with JSON in
 * `reply`. Returns its length. */
typedef size_t control_answer(void *context, const char *request, char reply[CONTROL_REPLY_MAX]);

/* `mode` is the socket's. NULL with errno. */
struct control *control_new(const char *path, mode_t mode, struct loop *loop,
                            control_answer *answer, void *context);
void control_free(struct control *c); /* NULL is safe */

#endif
