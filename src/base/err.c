#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum gw_status gw_err_set(struct gw_err *err, enum gw_status status, const char *format, ...)
{
    va_list args;

    if (!err)
        return status;
    err->status = status;
    va_start(args, format);
    (void)vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return status;
}

enum gw_status gw_err_errno(struct gw_err *err, const char *format, ...)
{
    int saved = errno;
    va_list args;

    if (!err)
        return GW_IO;
    err->status = GW_IO;
    va_start(args, format);
    int len = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < sizeof err->message) {
        char text[96];
        const char *reason = strerror_r(saved, text, sizeof text);
        (void)snprintf(err->message + len, sizeof err->message - (size_t)len, ": %s", reason);
    }
    return GW_IO;
}

const char *gw_status_name(enum gw_status status)
{
    static const char *const names[GW_STATUSES] = {
        [GW_OK] = "ok",
        [GW_AGAIN] = "again",
        [GW_EOF] = "eof",
        [GW_INVALID] = "invalid",
        [GW_TOO_LARGE] = "too_large",
        [GW_UNSUPPORTED] = "unsupported",
        [GW_NOT_FOUND] = "not_found",
        [GW_TIMEOUT] = "timeout",
        [GW_IO] = "io",
        [GW_NO_MEMORY] = "no_memory",
    };
    return (unsigned)status < GW_STATUSES ? names[status] : "unknown";
}
