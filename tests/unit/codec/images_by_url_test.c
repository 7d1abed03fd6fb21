/* Images given by their URL, for an upstream that takes none: what is asked for, and what becomes of it. */
#include "codec/translation_kit.h"

#define IMAGE(url) "{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"" url "\"}}"
#define TEXT "{\"type\":\"text\",\"text\":\"?\"}"
#define USER(parts) "{\"role\":\"user\",\"content\":[" parts "]}"
#define ASK(more, messages) "{\"model\":\"m\",\"max_tokens\":9," more "\"messages\":[" messages "]}"
#define CALL                                                                                       \
    "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\","     \
    "\"input\":{}}]}"
#define RESULT(parts)                                                                              \
    USER("{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":[" parts "]}")

static const struct gw_fetched png = {
    .url = {GW_STR_INIT("https://a.example/1.png")},
    .source = {GW_SOURCE_BASE64, {GW_STR_INIT("image/png")}, {GW_STR_INIT("UE5H")}},
};
static const struct gw_fetched both = {
    .url = {GW_STR_INIT("https:\\/\\/a.example/2.gif")},
    .source = {GW_SOURCE_BASE64, {GW_STR_INIT("image/gif")}, {GW_STR_INIT("R0lG")}},
    .next = &png,
};

static const struct {
    const char *label;
    bool fetches;
    const struct gw_fetched *fetched;
    const char *request;
    enum gw_status status;
    const char *says; /* OK: in what is sent; AGAIN: what is wanted; UNSUPPORTED: the param */
} cases[] = {
    {"nobody fetches", false, NULL, ASK("", USER(TEXT "," IMAGE("https://a.example/1.png"))),
     GW_UNSUPPORTED, "messages[0].content[1]"},
    {"nobody fetches, but it is there", false, &png,
     ASK("", USER(IMAGE("https://a.example/1.png"))), GW_UNSUPPORTED, "messages[0].content[0]"},
    {"one", true, NULL, ASK("", USER(TEXT "," IMAGE("https://a.example/1.png"))), GW_AGAIN,
     "https://a.example/1.png at messages[0].content[1]\n"},
    {"whatever URL it is", true, NULL, ASK("", USER(IMAGE("http://x") "," IMAGE(""))), GW_AGAIN,
     "http://x at messages[0].content[0]\n at messages[0].content[1]\n"},
    {"each once, in their order", true, NULL,
     ASK("", USER(IMAGE("https://b") "," IMAGE("https://a") "," IMAGE("https://b"))), GW_AGAIN,
     "https://b at messages[0].content[0]\nhttps://a at messages[0].content[1]\n"},
    {"in a result", true, NULL, ASK("", USER(TEXT) "," CALL "," RESULT(IMAGE("https://a"))),
     GW_AGAIN, "https://a at messages[2].content[0].content[0]\n"},
    {"it is there", true, &png, ASK("", USER(TEXT "," IMAGE("https://a.example/1.png"))), GW_OK,
     "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,UE5H\"}}"},
    {"it is there, twice", true, &png,
     ASK("", USER(IMAGE("https://a.example/1.png") "," IMAGE("https://a.example/1.png"))), GW_OK,
     "[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,UE5H\"}},"
     "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,UE5H\"}}]"},
    {"both are there, one with escapes", true, &both,
     ASK("", USER(IMAGE("https:\\/\\/a.example/2.gif") "," IMAGE("https://a.example/1.png"))),
     GW_OK, "data:image/gif;base64,R0lG"},
    {"it is there, in a result", true, &png,
     ASK("", USER(TEXT) "," CALL "," RESULT(IMAGE("https://a.example/1.png"))), GW_OK,
     "data:image/png;base64,UE5H"},
    {"one is there", true, &png,
     ASK("", USER(IMAGE("https://a.example/1.png") "," IMAGE("https://a.example/3.png"))), GW_AGAIN,
     "https://a.example/3.png at messages[0].content[1]\n"},
    {"nothing for what cannot be carried: a part behind it", true, NULL,
     ASK("", USER(IMAGE("https://a") ",{\"type\":\"document\",\"source\":{\"type\":\"url\","
                                     "\"url\":\"https://d\"}}")),
     GW_UNSUPPORTED, "messages[0].content[1]"},
    {"nothing for what cannot be carried: a tool", true, NULL,
     ASK("\"tools\":[{\"type\":\"bash_20250124\",\"name\":\"bash\"}],", USER(IMAGE("https://a"))),
     GW_UNSUPPORTED, "tools"},
};

static struct gw_str wanted_of(const struct run *run, struct gw_buf *into)
{
    const struct gw_wanted *wanted = gw_translation_wanted(run->translation);

    for (; wanted; wanted = wanted->next)
        assert_int_equal(gw_buf_printf(into, "%.*s at %.*s\n", GW_STR_ARG(wanted->url.raw),
                                       GW_STR_ARG(wanted->path.raw)),
                         GW_OK);
    return gw_buf_str(into);
}

static void test_images_by_url(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_translation_setup setup = {.caller = gw_codec(GW_CODEC_MESSAGES),
                                             .upstream = gw_codec(GW_CODEC_CHAT),
                                             .target.profile = gw_profile_of(GW_STR("ollama")),
                                             .fetches = cases[i].fetches,
                                             .fetched = cases[i].fetched};
        struct gw_buf told;
        struct run run;
        gw_buf_init(&told, 4096);
        begin_with(&run, &setup, cases[i].request);
        if (run.status != cases[i].status)
            fail_msg("%s: status %d, %s", cases[i].label, run.status, run.complaint.message);
        if (run.status == GW_OK)
            expect_part(cases[i].label, gw_buf_str(&run.sent), cases[i].says);
        if (run.status == GW_AGAIN)
            expect(cases[i].label, wanted_of(&run, &told), cases[i].says);
        else if (run.status == GW_OK)
            assert_null(gw_translation_wanted(run.translation));
        if (run.status == GW_UNSUPPORTED)
            expect(cases[i].label, gw_str_of(run.complaint.param), cases[i].says);
        gw_buf_finish(&told);
        end(&run);
    }
}

/* Whoever takes URLs gets them. */
static void test_others_get_the_url(void **state)
{
    static const struct {
        const char *profile;
        enum gw_codec_id upstream;
    } others[] = {{"openai", GW_CODEC_CHAT}, {"", GW_CODEC_CHAT}, {"openai", GW_CODEC_RESPONSES}};

    (void)state;
    for (size_t i = 0; i < GW_COUNT(others); i++) {
        struct gw_translation_setup setup = {.caller = gw_codec(GW_CODEC_MESSAGES),
                                             .upstream = gw_codec(others[i].upstream),
                                             .target.profile =
                                                 gw_profile_of(gw_str_of(others[i].profile)),
                                             .fetches = true,
                                             .fetched = &png};
        struct run run;
        begin_with(&run, &setup, ASK("", USER(IMAGE("https://a.example/1.png"))));
        assert_int_equal(run.status, GW_OK);
        expect_part(others[i].profile, gw_buf_str(&run.sent), "\"https://a.example/1.png\"");
        end(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images_by_url),
        cmocka_unit_test(test_others_get_the_url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
