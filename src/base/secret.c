#include "base/secret.h"

#include <stdlib.h>

struct gw_secret {
    size_t len;
    char bytes[];
};

struct gw_secret *gw_secret_create(struct gw_str bytes)
{
    struct gw_secret *secret = malloc(sizeof *secret + bytes.len);
    if (!secret)
        return NULL;
    secret->len = bytes.len;
    if (bytes.len)
        memcpy(secret->bytes, bytes.base, bytes.len);
    return secret;
}

void gw_secret_destroy(struct gw_secret *secret)
{
    if (!secret)
        return;
    gw_secret_wipe(secret->bytes, secret->len);
    free(secret);
}

struct gw_str gw_secret_bytes(const struct gw_secret *secret)
{
    return (struct gw_str){secret->bytes, secret->len};
}

bool gw_secret_equals(const struct gw_secret *secret, struct gw_str candidate)
{
    unsigned char differs = secret->len != candidate.len;

    for (size_t i = 0; i < candidate.len; i++) {
        char own = secret->len ? secret->bytes[i % secret->len] : 0;
        differs |= (unsigned char)(own ^ candidate.base[i]);
    }
    return !differs;
}

void gw_secret_wipe(void *bytes, size_t len)
{
    explicit_bzero(bytes, len);
}
