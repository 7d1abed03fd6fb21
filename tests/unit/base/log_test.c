/* Log lines as they arrive at the other end of stderr. */
#include "unit/test.h"

#include "base/arena.h"
#include "base/log.h"
#include "wire/json_read.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int saved_stderr, pipe_read;
static char line[32768];
static size_t line_len;

static void capture_begin(void)
{
    int fds[2];

    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    saved_stderr = dup(STDERR_FILENO);
    assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
    close(fds[1]);
    pipe_read = fds[0];
}

/* To be called before anything can fail, so that failures are seen. */
static void capture_end(void)
{
    ssize_t got = read(pipe_read, line, sizeof line - 1);

    (void)dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(pipe_read);
    line_len = got > 0 ? (size_t)got : 0;
    line[line_len] = '\0';
}

static void log_text(enum gw_log_level level, const char *text)
{
    capture_begin();
    gw_log(level, "%s", text);
    capture_end();
}

/* @param member  of the object that the line is. Lives as long as the arena. */
static struct gw_str member_of(struct gw_arena *arena, const char *member)
{
    struct gw_json json;
    struct gw_str text = {NULL, 0};

    if (line_len == 0 || line[line_len - 1] != '\n')
        fail_msg("no line: %s", line);
    if (gw_json_read((struct gw_str){line, line_len - 1}, arena, 64, &json, NULL) != GW_OK)
        fail_msg("no JSON: %s", line);
    assert_int_equal(gw_json_string(&json, gw_json_get(&json, 0, gw_str_of(member)), arena, &text),
                     GW_OK);
    return text;
}

static void expect_message(const char *label, const char *want)
{
    struct gw_arena arena;

    gw_arena_init(&arena, NULL);
    struct gw_str have = member_of(&arena, "msg");
    if (!gw_str_eq(have, gw_str_of(want)))
        fail_msg("%s: \"%.*s\"", label, GW_STR_ARG(have));
    gw_arena_finish(&arena);
}

static void test_a_line(void **state)
{
    struct gw_arena arena;

    (void)state;
    log_text(GW_LOG_WARN, "drained");
    gw_arena_init(&arena, NULL);
    struct gw_str ts = member_of(&arena, "ts");
    assert_int_equal(ts.len, 27);
    assert_int_equal(ts.base[26], 'Z');
    assert_int_equal(ts.base[10], 'T');
    gw_arena_finish(&arena);
    const char *rest = strstr(line, "\",\"level");
    assert_non_null(rest);
    assert_string_equal(rest, "\",\"level\":\"warn\",\"msg\":\"drained\"}\n");
}

static void test_escaping(void **state)
{
    static const struct {
        const char *label, *text;
    } cases[] = {
        {"empty", ""},
        {"quote and backslash", "say \"\\\" \\n"},
        {"line ends, so that no second line can be made up", "a\nb\r\n{\"level\":\"error\"}"},
        {"control bytes and DEL", "\x01\x1b[2J\x1f\x7f"},
        {"characters of several bytes", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x92\xa7"},
        {"percent", "100%n%s"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        log_text(GW_LOG_ERROR, cases[i].text);
        expect_message(cases[i].label, cases[i].text);
        for (size_t j = 0; j + 1 < line_len; j++)
            if ((unsigned char)line[j] < 0x20 || line[j] == 0x7f)
                fail_msg("%s: byte %zu", cases[i].label, j);
    }
}

static void test_levels(void **state)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    (void)state;
    for (int least = GW_LOG_DEBUG; least <= GW_LOG_ERROR; least++) {
        gw_log_level((enum gw_log_level)least);
        for (int level = GW_LOG_DEBUG; level <= GW_LOG_ERROR; level++) {
            log_text((enum gw_log_level)level, "x");
            if (level < least) {
                assert_int_equal(line_len, 0);
                continue;
            }
            struct gw_arena arena;
            gw_arena_init(&arena, NULL);
            assert_true(gw_str_eq(member_of(&arena, "level"), gw_str_of(names[level])));
            gw_arena_finish(&arena);
        }
    }
    gw_log_level(GW_LOG_INFO);
}

/* The longest line there can be: every byte of the message becomes six. */
static void test_a_long_message_is_cut(void **state)
{
    char text[5000], want[5000];

    (void)state;
    memset(text, 0x01, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_text(GW_LOG_ERROR, text);
    memcpy(want, text, sizeof want);
    struct gw_arena arena;
    gw_arena_init(&arena, NULL);
    struct gw_str have = member_of(&arena, "msg");
    assert_in_range(have.len, 990, 1000);
    assert_memory_equal(have.base, want, have.len);
    gw_arena_finish(&arena);
}

/* What is cut must not end within a character, and what is no character must not get through: the
 * line would be no JSON. */
static void test_lines_are_utf8_whatever_the_message(void **state)
{
    char text[2000];

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        struct gw_arena arena;
        memset(text, 'a', shift);
        for (size_t i = shift; i + 4 < sizeof text; i += 4)
            memcpy(text + i, "\xf0\x9f\x92\xa7", 5);
        log_text(GW_LOG_ERROR, text);
        gw_arena_init(&arena, NULL);
        (void)member_of(&arena, "msg");
        gw_arena_finish(&arena);
    }
    log_text(GW_LOG_ERROR, "a file called \xff\xc3");
    struct gw_arena arena;
    gw_arena_init(&arena, NULL);
    assert_true(gw_str_starts(member_of(&arena, "msg"), GW_STR("a file called ")));
    gw_arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line),
        cmocka_unit_test(test_escaping),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_a_long_message_is_cut),
        cmocka_unit_test(test_lines_are_utf8_whatever_the_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
