#ifndef PORCHLIGHT_ALERTD_MEMBERS_ADMIN_REQUESTS_H
#define PORCHLIGHT_ALERTD_MEMBERS_ADMIN_REQUESTS_H

#include "kiosk/alertd/control.h"

/* Answers admin.sock (messages.h): who belongs to the venue. `members` is a struct members. */
size_t admin_requests_answer(void *members, const char *request, char reply[CONTROL_REPLY_MAX]);

#endif
