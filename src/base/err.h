/*
 * base/err: how a function says that it failed, and why.
 *
 * Functions return `enum gw_status`; the caller's `struct gw_err` takes the details. Libraries
 * never log: who owns the exchange does, once.
 */
#ifndef GW_BASE_ERR_H
#define GW_BASE_ERR_H

#include <stddef.h>

enum gw_status {
    GW_OK,
    GW_AGAIN,       /* needs more bytes, or the socket would block */
    GW_EOF,         /* the peer is done; not always a fault */
    GW_INVALID,     /* the input breaks its grammar or a rule */
    GW_TOO_LARGE,   /* a stated limit was passed */
    GW_UNSUPPORTED, /* understood, but not done here */
    GW_NOT_FOUND,
    GW_TIMEOUT,
    GW_IO,        /* the system or the network said no */
    GW_NO_MEMORY, /* allocation failed, or a budget is used up */
    GW_STATUSES   /* must stay last */
};

#define GW_ERR_MESSAGE_BYTES 240
struct gw_err {
    enum gw_status status;
    size_t offset;                      /* of the input, where that has a meaning */
    char message[GW_ERR_MESSAGE_BYTES]; /* "could not …" and a fact; always terminated */
};

/* Sets `err` (may be NULL) and gives `status` back, so that failing is one line. */
enum gw_status gw_err_set(struct gw_err *err, enum gw_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with GW_IO and ": <strerror(errno)>" behind the message. */
enum gw_status gw_err_errno(struct gw_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "ok", "again", …: stable names for logs and tests. */
const char *gw_status_name(enum gw_status status);

#endif
