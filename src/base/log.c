#include "base/log.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_BYTES_MAX 1000

static enum gw_log_level least_level = GW_LOG_INFO;

void gw_log_level(enum gw_log_level least)
{
    least_level = least;
}

/* The message as the inside of a JSON string. What is no UTF-8, or was cut within a character, would
 * make the line no JSON: it becomes U+FFFD. @return one past the last byte written */
static char *add_escaped(char *at, struct gw_str text)
{
    static const char hex[] = "0123456789abcdef", replacement[] = "\xef\xbf\xbd";

    while (text.len) {
        struct gw_utf8_step step = gw_utf8_step(text);
        unsigned char c = (unsigned char)text.base[0];
        if (!step.valid) {
            memcpy(at, replacement, 3);
            at += 3;
        } else if (c < 0x20 || c == 0x7f) {
            const char escape[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            memcpy(at, escape, sizeof escape);
            at += sizeof escape;
        } else {
            if (c == '"' || c == '\\')
                *at++ = '\\';
            memcpy(at, text.base, step.len);
            at += step.len;
        }
        text = gw_str_from(text, step.len);
    }
    return at;
}

void gw_log(enum gw_log_level level, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char text[MESSAGE_BYTES_MAX], line[MESSAGE_BYTES_MAX * 6 + 128], ts[GW_CLOCK_RFC3339_BYTES];
    va_list args;

    if (level < least_level)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    gw_clock_rfc3339(gw_clock_wall_ns(), ts);
    int head = snprintf(line, sizeof line, "{\"ts\":\"%.*s\",\"level\":\"%s\",\"msg\":\"",
                        (int)sizeof ts, ts, names[level]);
    char *at = add_escaped(line + head, gw_str_of(text));
    memcpy(at, "\"}\n", 3);
    at += 3;
    /* A log that cannot be written has nowhere to be reported. */
    ssize_t written = write(STDERR_FILENO, line, (size_t)(at - line));
    (void)written;
}
