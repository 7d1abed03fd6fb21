#include "config/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENV_NAME_MAX 256u

static bool is_name_char(char c, bool first)
{
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (!first && c >= '0' && c <= '9');
}

static enum gw_status check_env(struct gw_str name, struct gw_err *err)
{
    if (name.len == 0 || name.len > ENV_NAME_MAX)
        return gw_err_set(err, GW_INVALID, "\"env::\" needs the name of a variable behind it");
    for (size_t i = 0; i < name.len; i++)
        if (!is_name_char(name.base[i], i == 0))
            return gw_err_set(err, GW_INVALID,
                              "behind \"env::\" must be the name of a variable: letters, digits "
                              "and \"_\", not starting with a digit");
    return GW_OK;
}

static enum gw_status check_file(struct gw_str path, struct gw_err *err)
{
    if (path.len == 0 || path.len >= PATH_MAX)
        return gw_err_set(err, GW_INVALID, "\"file::\" needs the path of a file behind it");
    for (size_t i = 0; i < path.len; i++)
        if ((unsigned char)path.base[i] < 0x20 || path.base[i] == 0x7F)
            return gw_err_set(err, GW_INVALID, "the path behind \"file::\" has a control byte");
    return GW_OK;
}

enum gw_status gw_credential_parse(struct gw_str text, struct gw_credential *credential_out,
                                   struct gw_err *err)
{
    static const struct gw_str env = GW_STR_INIT("env::"), file = GW_STR_INIT("file::");
    struct gw_credential found;
    enum gw_status status;

    if (gw_str_starts(text, env)) {
        found = (struct gw_credential){GW_CREDENTIAL_ENV, gw_str_from(text, env.len)};
        status = check_env(found.place, err);
    } else if (gw_str_starts(text, file)) {
        found = (struct gw_credential){GW_CREDENTIAL_FILE, gw_str_from(text, file.len)};
        status = check_file(found.place, err);
    } else {
        return gw_err_set(err, GW_INVALID,
                          "must say where the secret is, as \"env::NAME\" or \"file::PATH\"; the "
                          "secret itself may not stand here");
    }
    if (status == GW_OK)
        *credential_out = found;
    return status;
}

static enum gw_status keep(struct gw_str bytes, const char *what, struct gw_str place,
                           struct gw_secret **secret_out, struct gw_err *err)
{
    if (bytes.len && bytes.base[bytes.len - 1] == '\n')
        bytes.len--;
    if (bytes.len && bytes.base[bytes.len - 1] == '\r')
        bytes.len--;
    if (bytes.len == 0)
        return gw_err_set(err, GW_INVALID, "%s %.*s is empty", what, GW_STR_ARG(place));
    if (bytes.len > GW_CREDENTIAL_BYTES_MAX)
        return gw_err_set(err, GW_TOO_LARGE, "%s %.*s holds more than %zu bytes", what,
                          GW_STR_ARG(place), GW_CREDENTIAL_BYTES_MAX);
    struct gw_secret *secret = gw_secret_create(bytes);
    if (!secret)
        return gw_err_set(err, GW_NO_MEMORY, "could not keep a secret: out of memory");
    *secret_out = secret;
    return GW_OK;
}

static enum gw_status fetch_env(struct gw_str name, struct gw_secret **secret_out,
                                struct gw_err *err)
{
    char terminated[ENV_NAME_MAX + 1];

    memcpy(terminated, name.base, name.len);
    terminated[name.len] = '\0';
    const char *value = getenv(terminated);
    if (!value)
        return gw_err_set(err, GW_NOT_FOUND, "environment variable %s is not set", terminated);
    return keep(gw_str_of(value), "environment variable", name, secret_out, err);
}

/* @return GW_OK and how many bytes there are, at most `room` */
static enum gw_status read_all(int fd, char *into, size_t room, size_t *len_out, struct gw_err *err)
{
    size_t len = 0;

    while (len < room) {
        ssize_t got = read(fd, into + len, room - len);
        if (got == -1 && errno == EINTR)
            continue;
        if (got == -1)
            return gw_err_errno(err, "could not read a credential file");
        if (got == 0)
            break;
        len += (size_t)got;
    }
    *len_out = len;
    return GW_OK;
}

static enum gw_status fetch_file(struct gw_str path, struct gw_secret **secret_out,
                                 struct gw_err *err)
{
    /* Two bytes more for a newline, one to see that it is too long. */
    const size_t room = GW_CREDENTIAL_BYTES_MAX + 3;
    char terminated[PATH_MAX];
    struct stat what;
    size_t len = 0;
    enum gw_status status;

    memcpy(terminated, path.base, path.len);
    terminated[path.len] = '\0';
    int fd = open(terminated, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd == -1) {
        bool absent = errno == ENOENT;
        status = gw_err_errno(err, "could not open %s", terminated);
        return absent ? gw_err_set(err, GW_NOT_FOUND, "there is no file %s", terminated) : status;
    }
    char *bytes = malloc(room);
    if (!bytes)
        status = gw_err_set(err, GW_NO_MEMORY, "could not read %s: out of memory", terminated);
    else if (fstat(fd, &what) == -1 || !S_ISREG(what.st_mode))
        status = gw_err_set(err, GW_IO, "%s is not a regular file", terminated);
    else
        status = read_all(fd, bytes, room, &len, err);
    if (status == GW_OK)
        status = keep((struct gw_str){bytes, len}, "file", path, secret_out, err);
    close(fd);
    if (bytes)
        gw_secret_wipe(bytes, room);
    free(bytes);
    return status;
}

enum gw_status gw_credential_fetch(const struct gw_credential *credential,
                                   struct gw_secret **secret_out, struct gw_err *err)
{
    switch (credential->kind) {
    case GW_CREDENTIAL_ENV:
        return fetch_env(credential->place, secret_out, err);
    case GW_CREDENTIAL_FILE:
        return fetch_file(credential->place, secret_out, err);
    }
    return gw_err_set(err, GW_INVALID, "a credential of an unknown kind");
}
