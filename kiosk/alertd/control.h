#ifndef PORCHLIGHT_ALERTD_CONTROL_H
#define PORCHLIGHT_ALERTD_CONTROL_H

#include "kiosk/common/loop.h"
#include "kiosk/common/messages.h"

#include <stddef.h>
#include <sys/types.h>

/* control.sock and admin.sock: each request and each reply is one packet, as messages.h says.
 * Anything else closes the connection. */
struct control;

/* Answers one well-formed request (terminated; it may be unknown) with JSON in `reply`. Returns the
 * reply's length. */
typedef size_t control_answer(void *context, const char *request, char reply[CONTROL_REPLY_MAX]);

/* The two short answers: {"ok":true}, and {"ok":false,"error":why}. Their length. */
size_t control_accept(char reply[CONTROL_REPLY_MAX]);
size_t control_refuse(const char *why, char reply[CONTROL_REPLY_MAX]);

/* `mode` is the socket's. NULL with errno. */
struct control *control_new(const char *path, mode_t mode, struct loop *loop,
                            control_answer *answer, void *context);
void control_free(struct control *c); /* NULL is safe */

#endif
