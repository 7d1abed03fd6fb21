#include "unit/test.h"

#include "config/credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/gw_credential_test_XXXXXX";

static const struct {
    const char *label, *text;
    enum gw_status status;
    enum gw_credential_kind kind;
    const char *place;
} parse_cases[] = {
    {"variable", "env::A_b9", GW_OK, GW_CREDENTIAL_ENV, "A_b9"},
    {"file", "file::/run/secrets/key", GW_OK, GW_CREDENTIAL_FILE, "/run/secrets/key"},
    {"relative file", "file::k", GW_OK, GW_CREDENTIAL_FILE, "k"},
    {"file with colons", "file::a::b", GW_OK, GW_CREDENTIAL_FILE, "a::b"},
    {"literal", "sk-s3cret", GW_INVALID, 0, NULL},
    {"empty", "", GW_INVALID, 0, NULL},
    {"one colon", "env:A", GW_INVALID, 0, NULL},
    {"another case", "ENV::A", GW_INVALID, 0, NULL},
    {"blank in front", " env::A", GW_INVALID, 0, NULL},
    {"no name", "env::", GW_INVALID, 0, NULL},
    {"name starts with a digit", "env::1s3cret", GW_INVALID, 0, NULL},
    {"name with a dash", "env::s3cret-x", GW_INVALID, 0, NULL},
    {"name with =", "env::s3cret=", GW_INVALID, 0, NULL},
    {"no path", "file::", GW_INVALID, 0, NULL},
    {"path with a newline", "file::s3cret\nx", GW_INVALID, 0, NULL},
};

static void test_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(parse_cases); i++) {
        struct gw_credential found = {0};
        struct gw_err err = {0};
        enum gw_status status = gw_credential_parse(gw_str_of(parse_cases[i].text), &found, &err);
        if (status != parse_cases[i].status)
            fail_msg("%s: %s", parse_cases[i].label, gw_status_name(status));
        if (status == GW_OK && (found.kind != parse_cases[i].kind ||
                                !gw_str_eq(found.place, gw_str_of(parse_cases[i].place))))
            fail_msg("%s: %.*s", parse_cases[i].label, GW_STR_ARG(found.place));
        if (status != GW_OK && (!err.message[0] || strstr(err.message, "s3cret")))
            fail_msg("%s: %s", parse_cases[i].label, err.message);
    }
}

static enum gw_status fetch(const char *text, struct gw_secret **secret, struct gw_err *err)
{
    struct gw_credential place;

    assert_int_equal(gw_credential_parse(gw_str_of(text), &place, err), GW_OK);
    return gw_credential_fetch(&place, secret, err);
}

static void expect(const char *label, const char *text, enum gw_status wanted, const char *bytes)
{
    struct gw_secret *secret = NULL;
    struct gw_err err = {0};
    enum gw_status status = fetch(text, &secret, &err);

    if (status != wanted)
        fail_msg("%s: %s: %s", label, gw_status_name(status), err.message);
    if ((secret != NULL) != (wanted == GW_OK))
        fail_msg("%s: a secret in spite of the failure, or none", label);
    if (secret && !gw_str_eq(gw_secret_bytes(secret), gw_str_of(bytes)))
        fail_msg("%s: other bytes", label);
    if (strstr(err.message, "s3cret"))
        fail_msg("%s: shows the secret: %s", label, err.message);
    gw_secret_destroy(secret);
}

static const struct {
    const char *label, *bytes;
    enum gw_status status;
    const char *secret;
} contents[] = {
    {"plain", "s3cret", GW_OK, "s3cret"},
    {"newline", "s3cret\n", GW_OK, "s3cret"},
    {"CRLF", "s3cret\r\n", GW_OK, "s3cret"},
    {"only one newline is cut", "s3cret\n\n", GW_OK, "s3cret\n"},
    {"inner newline", "s3\ncret", GW_OK, "s3\ncret"},
    {"blanks stay", " s3cret ", GW_OK, " s3cret "},
    {"empty", "", GW_INVALID, NULL},
    {"newline only", "\n", GW_INVALID, NULL},
};

static void write_file(const char *name, const char *bytes, size_t len)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void test_contents(void **state)
{
    char path[64], text[80];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/key", dir);
    (void)snprintf(text, sizeof text, "file::%s", path);
    for (size_t i = 0; i < GW_COUNT(contents); i++) {
        write_file(path, contents[i].bytes, strlen(contents[i].bytes));
        expect(contents[i].label, text, contents[i].status, contents[i].secret);
        assert_int_equal(setenv("GW_CREDENTIAL_TEST", contents[i].bytes, 1), 0);
        expect(contents[i].label, "env::GW_CREDENTIAL_TEST", contents[i].status,
               contents[i].secret);
    }
    unlink(path);
    expect("no such file", text, GW_NOT_FOUND, NULL);
    unsetenv("GW_CREDENTIAL_TEST");
    expect("no such variable", "env::GW_CREDENTIAL_TEST", GW_NOT_FOUND, NULL);
}

static void test_lengths(void **state)
{
    static const struct {
        const char *label;
        size_t len;
        bool newline;
        enum gw_status status;
    } lengths[] = {
        {"longest", GW_CREDENTIAL_BYTES_MAX, false, GW_OK},
        {"longest and a newline", GW_CREDENTIAL_BYTES_MAX, true, GW_OK},
        {"a byte too long", GW_CREDENTIAL_BYTES_MAX + 1, false, GW_TOO_LARGE},
        {"far too long", GW_CREDENTIAL_BYTES_MAX * 2, true, GW_TOO_LARGE},
    };
    static char bytes[GW_CREDENTIAL_BYTES_MAX * 2 + 2];
    char path[64], text[80];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/long", dir);
    (void)snprintf(text, sizeof text, "file::%s", path);
    for (size_t i = 0; i < GW_COUNT(lengths); i++) {
        size_t len = lengths[i].len;
        memset(bytes, 'k', sizeof bytes);
        bytes[len] = '\n';
        write_file(path, bytes, len + lengths[i].newline);
        bytes[len] = '\0';
        expect(lengths[i].label, text, lengths[i].status, bytes);
    }
    unlink(path);
}

/* Reading one of these would wait, or never end. */
static void test_what_is_no_file(void **state)
{
    char path[64], text[80];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/fifo", dir);
    (void)snprintf(text, sizeof text, "file::%s", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect("fifo", text, GW_IO, NULL);
    unlink(path);
    expect("folder", "file::/tmp", GW_IO, NULL);
    expect("device", "file::/dev/zero", GW_IO, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_what_is_no_file),
    };

    if (!mkdtemp(dir))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)rmdir(dir);
    return failed;
}
