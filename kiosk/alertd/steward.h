#ifndef PORCHLIGHT_ALERTD_STEWARD_H
#define PORCHLIGHT_ALERTD_STEWARD_H

#include "kiosk/alertd/control.h"

/* Answers steward.sock (messages.h): who belongs to the venue. `kiosk` is a struct kiosk. */
size_t steward_answer(void *kiosk, const char *request, char reply[CONTROL_REPLY_MAX]);

#endif
