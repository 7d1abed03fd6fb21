#include "wire/complaint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_BYTES_MAX ((size_t)1 << 20)
#define SHOWN_BYTES ((size_t)1200)

void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(2);
}

void complaint_init(struct complaint *complaint)
{
    gw_buf_init(&complaint->text, TEXT_BYTES_MAX);
}

void complaint_finish(struct complaint *complaint)
{
    gw_buf_finish(&complaint->text);
}

bool complain(struct complaint *complaint, const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    (void)gw_buf_printf(&complaint->text, "%s\n", line);
    return false;
}

static void add_byte(struct gw_buf *text, char c)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)c;

    if (c == '\r')
        (void)gw_buf_add(text, GW_STR("\\r"));
    else if (byte < 0x20 || byte == 0x7f)
        (void)gw_buf_printf(text, "\\x%c%c", hex[byte >> 4], hex[byte & 15]);
    else
        (void)gw_buf_add_c(text, c);
}

static void add_lines(struct gw_buf *text, const char *margin, struct gw_str bytes)
{
    while (bytes.len) {
        size_t len = gw_str_find(bytes, '\n');
        (void)gw_buf_printf(text, "%s", margin);
        for (size_t i = 0; i < len; i++)
            add_byte(text, bytes.base[i]);
        (void)gw_buf_add(text, len < bytes.len ? GW_STR("\\n\n") : GW_STR("\n"));
        bytes = gw_str_from(bytes, len + 1);
    }
}

void complain_bytes(struct complaint *complaint, const char *margin, struct gw_str bytes)
{
    struct gw_buf *text = &complaint->text;

    if (bytes.len == 0) {
        (void)gw_buf_printf(text, "%s(nothing)\n", margin);
    } else if (bytes.len <= SHOWN_BYTES) {
        add_lines(text, margin, bytes);
    } else {
        size_t half = SHOWN_BYTES / 2;
        add_lines(text, margin, (struct gw_str){bytes.base, half});
        (void)gw_buf_printf(text, "%s... %zu bytes ...\n", margin, bytes.len - 2 * half);
        add_lines(text, margin, gw_str_from(bytes, bytes.len - half));
    }
}
