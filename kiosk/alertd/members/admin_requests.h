#ifndef PORCHLIGHT_ALERTD_MEMBERS_ADMIN_REQUESTS_H
#define PORCHLIGHT_ALERTD_MEMBERS_ADMIN_REQUESTS_H

#include "kiosk/alertd/control.h"

/* Answers admin.sock (messages.h): who belongs to the venue. `kiosk` is a struct kiosk. */
size_t admin_requests_answer(void *kiosk, const char *request, char reply[CONTROL_REPLY_MAX]);

#endif
