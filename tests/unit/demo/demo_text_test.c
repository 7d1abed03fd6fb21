#include "test.h"

#include "demo_client.h"

#include "base/utf8.h"
#include "demo/demo_answer.h"

static void test_hostile_schemas(void **state)
{
    static const struct {
        const char *label, *schema, *want; /* NULL: any JSON */
    } cases[] = {
        {"refers to itself", "{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}}}",
         "{\"a\":{\"a\":{\"a\":{}}}}"},
        {"must refer to itself",
         "{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\"a\":{\"$ref\":\"#\"}}}",
         NULL},
        {"doubles each time",
         "{\"type\":\"object\",\"required\":[\"a\",\"b\"],\"properties\":{\"a\":{\"$ref\":\"#\"},"
         "\"b\":{\"$ref\":\"#\"}}}",
         NULL},
        {"arrays of itself", "{\"type\":\"array\",\"minItems\":99999,\"items\":{\"$ref\":\"#\"}}",
         NULL},
        {"refers in a circle",
         "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/a\"}}}", NULL},
        {"refers to nothing", "{\"$ref\":\"#/$defs/\"}", NULL},
        {"alternatives of itself", "{\"anyOf\":[{\"$ref\":\"#\"}]}", NULL},
        {"no schema", "7", "{}"},
        {"wrong types", "{\"type\":[],\"properties\":7,\"required\":{},\"enum\":{}}", "{}"},
        {"fixed",
         "{\"type\":\"object\",\"properties\":{\"a\":{\"const\":{\"x\":[1]}},\"b\\u0022\":{"
         "\"type\":"
         "[\"null\",\"number\"],\"minimum\":2.50}}}",
         "{\"a\":{\"x\":[1]},\"b\\\"\":2.50}"},
    };
    char body[1024];
    (void)state;

    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        (void)snprintf(body, sizeof body,
                       "{\"model\":\"m\"," USER(
                           "x") ",\"tool_choice\":\"required\",\"tools\":[{\"type\":"
                                "\"function\",\"function\":{\"name\":\"t\",\"parameters\":%s}}]}",
                       cases[i].schema);
        struct reply *reply = client_ask(shared.port, CHAT, body);
        struct gw_str text =
            client_text(reply, &reply->json, "choices.0.message.tool_calls.0.function.arguments");
        struct gw_json json;
        if (gw_json_read(text, &reply->arena, 100000, &json, NULL) != GW_OK)
            fail_msg("%s: %.*s", cases[i].label, GW_STR_ARG(text));
        if (cases[i].want)
            check_text(cases[i].label, "arguments", text, cases[i].want);
        client_free(reply);
    }
}

static void test_tokens_are_the_text(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "a",
        "   \n\n            many blanks ",
        "Donaudampfschifffahrtsgesellschaft",
        "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
        "a\xff\xfe\xe2\x82 b",
        "äöüäöüäöüäöüäöü",
        "\t\r\n tabs",
    };
    (void)state;

    for (size_t i = 0; i < GW_COUNT(texts); i++) {
        struct gw_str rest = gw_str_of(texts[i]);
        size_t count = 0;
        while (rest.len) {
            size_t len = gw_demo_token(rest);
            if (len == 0 || len > rest.len)
                fail_msg("text %zu: a token of %zu bytes", i, len);
            /* It ends where a character does. */
            for (size_t at = 0; at < len;) {
                at += gw_utf8_step(gw_str_from(rest, at)).len;
                if (at > len)
                    fail_msg("text %zu: a character is cut", i);
            }
            rest = gw_str_from(rest, len);
            count++;
        }
        assert_int_equal(count, gw_demo_count(gw_str_of(texts[i])));
    }
}

static void test_pieces_are_few(void **state)
{
    static char text[100000];
    struct gw_str piece;
    size_t count = 0, len = 0;
    (void)state;

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 5 == 4 ? ' ' : 'x';
    struct gw_demo_pieces pieces = gw_demo_pieces((struct gw_str){text, sizeof text});
    while (gw_demo_next_piece(&pieces, &piece)) {
        assert_ptr_equal(piece.base, text + len);
        len += piece.len;
        count++;
    }
    assert_int_equal(len, sizeof text);
    assert_true(count > 500 && count <= 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_schemas),
        cmocka_unit_test(test_tokens_are_the_text),
        cmocka_unit_test(test_pieces_are_few),
    };
    return cmocka_run_group_tests(tests, start_demo, stop_demo);
}
