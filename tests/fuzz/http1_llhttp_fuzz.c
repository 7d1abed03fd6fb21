/*
 * wire/http1 against llhttp's strict build: whatever we accept, it must accept as the same message
 * (exceptions in tests/unit/wire/llhttp_oracle.h). Input as for http1_fuzz; the cuts are not used.
 */
#include "unit/wire/llhttp_oracle.h"

#include <stdio.h>

#define CHUNKED_HEAD "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char bytes[MESSAGE_BYTES_MAX];
    static struct message m;
    size_t len = 0;

    if (size < 3 || size > MESSAGE_BYTES_MAX / 2)
        return 0;
    unsigned mode = data[0] % 4;
    enum message_kind kind = mode == 3 ? RESPONSE : (enum message_kind)mode;
    if (mode == 3) {
        len = sizeof CHUNKED_HEAD - 1;
        memcpy(bytes, CHUNKED_HEAD, len);
    }
    memcpy(bytes + len, data + 3, size - 3);
    len += size - 3;
    message_read(&m, kind, bytes, len, NULL, 0);
    const char *fault = llhttp_oracle_fault(kind, (struct gw_str){bytes, len}, &m);
    if (fault) {
        (void)fprintf(stderr, "llhttp differs: %s\n", fault);
        abort();
    }
    return 0;
}
