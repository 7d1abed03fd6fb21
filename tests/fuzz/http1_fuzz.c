/*
 * wire/http1: any bytes, cut in two places, give the outcome that they give uncut, and what is
 * taken keeps its promises. Input: kind of message, two cuts, the bytes.
 */
#include "unit/wire/http1_message.h"
#include "wire/http1_bytes.h"

#include <stdio.h>

#define CHUNKED_HEAD "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define BYTE_BY_BYTE_MAX 160u

static void check(const char *fault)
{
    if (!fault)
        return;
    (void)fprintf(stderr, "not so: %s\n", fault);
    abort();
}

static bool all_are(const char *bytes, uint32_t at, uint32_t len, unsigned class)
{
    for (uint32_t i = at; i < at + len; i++)
        if (!gw_byte_is(bytes[i], class))
            return false;
    return true;
}

/* Nothing that is given out can break a line when it is written again. */
static void check_bytes(const struct gw_http1_head *head, const char *bytes)
{
    if (!all_are(bytes, head->target, head->target_len, GW_BYTE_TARGET) ||
        !all_are(bytes, head->method_at, head->method_len, GW_BYTE_TOKEN) ||
        !all_are(bytes, head->host, head->host_len, GW_BYTE_TARGET) ||
        !all_are(bytes, head->reason, head->reason_len, GW_BYTE_VALUE))
        check("the start line holds only what it may");
    if (head->target_len && bytes[head->target] != '/' &&
        !(head->target_len == 1 && bytes[head->target] == '*'))
        check("the target is a path");
    for (uint32_t i = 0; i < head->fields_count; i++)
        if (!all_are(bytes, head->fields[i].name, head->fields[i].name_len, GW_BYTE_TOKEN) ||
            !all_are(bytes, head->fields[i].value, head->fields[i].value_len, GW_BYTE_VALUE))
            check("fields hold only what they may");
}

static void check_message(enum message_kind kind, const char *bytes, size_t len, size_t cuts[2])
{
    static struct message whole, parts;
    static size_t every[BYTE_BY_BYTE_MAX];

    message_read(&whole, kind, bytes, len, NULL, 0);
    check(message_fault(&whole, len));
    if (whole.head_done)
        check_bytes(&whole.head, bytes);
    if (whole.status == GW_OK && whole.head.framing == GW_BODY_CHUNKED)
        check(message_raw_fault(&whole));
    message_read(&parts, kind, bytes, len, cuts, 2);
    check(message_fault(&parts, len));
    check(message_difference(&whole, &parts));
    if (len > BYTE_BY_BYTE_MAX)
        return;
    for (size_t i = 0; i < len; i++)
        every[i] = i;
    message_read(&parts, kind, bytes, len, every, len);
    check(message_difference(&whole, &parts));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char bytes[MESSAGE_BYTES_MAX];
    size_t len = 0;

    if (size < 3 || size > MESSAGE_BYTES_MAX / 2)
        return 0;
    unsigned mode = data[0] % 4; /* the three kinds of message, and the body of a response */
    if (mode == 3) {
        len = sizeof CHUNKED_HEAD - 1;
        memcpy(bytes, CHUNKED_HEAD, len);
    }
    memcpy(bytes + len, data + 3, size - 3);
    len += size - 3;
    size_t first = data[1] % (len + 1);
    check_message(mode == 3 ? RESPONSE : (enum message_kind)mode, bytes, len,
                  (size_t[2]){first, first + data[2] % (len - first + 1)});
    return 0;
}
