#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define MESSAGE_BYTES_MAX 1000

static enum gw_log_level least_level = GW_LOG_INFO;

void gw_log_level(enum gw_log_level least)
{
    least_level = least;
}

void gw_log(enum gw_log_level level, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    static const char hex[] = "0123456789abcdef";
    char text[MESSAGE_BYTES_MAX], line[MESSAGE_BYTES_MAX * 6 + 128], ts[GW_CLOCK_RFC3339_BYTES];
    va_list args;

    if (level < least_level)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    gw_clock_rfc3339(gw_clock_wall_ns(), ts);
    int at = snprintf(line, sizeof line, "{\"ts\":\"%.*s\",\"level\":\"%s\",\"msg\":\"",
                      (int)sizeof ts, ts, names[level]);
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\') {
            line[at++] = '\\';
            line[at++] = (char)c;
        } else if (c < 0x20 || c == 0x7f) {
            at += snprintf(line + at, 7, "\\u00%c%c", hex[c >> 4], hex[c & 15]);
        } else {
            line[at++] = (char)c;
        }
    }
    line[at++] = '"';
    line[at++] = '}';
    line[at++] = '\n';
    /* A log that cannot be written has nowhere to be reported. */
    ssize_t written = write(STDERR_FILENO, line, (size_t)at);
    (void)written;
}
