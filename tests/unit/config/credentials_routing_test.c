/* What targets show: which of three places counts, what is said when nothing is there, and that no
 * message ever shows what was. */
#include "unit/test.h"

#include "unit/config/load.h"

#include <unistd.h>

/* Two providers of the network: four lines, then three. */
#define BASE                                                                                       \
    "[server]\n[providers.\"my-open.ai\"]\nbase_url = \"https://h/v1\"\nmodels = [\"m\", \"n\"]\n"
#define KEYED                                                                                      \
    "[providers.keyed]\nbase_url = \"https://h/v1\"\nmodels = [\"k\"]\n"                           \
    "credential = \"env::GW_TEST_KEYED\"\n"
#define TARGET(name, model) "[targets." name "]\nmodel = \"" model "\"\n"

/* Each variable is set by the case that wants it. */
static const char *const variables[] = {"GW_TEST_OWN",        "GW_TEST_KEYED", "MY_OPEN_AI_API_KEY",
                                        "MY_OPEN.AI_API_KEY", "KEYED_API_KEY", "DEMO_API_KEY",
                                        "9LIVES_API_KEY"};

static void set(const char *own, const char *keyed, const char *conventional)
{
    for (size_t i = 0; i < GW_COUNT(variables); i++)
        (void)unsetenv(variables[i]);
    if (own)
        (void)setenv("GW_TEST_OWN", own, 1);
    if (keyed)
        (void)setenv("GW_TEST_KEYED", keyed, 1);
    if (conventional)
        (void)setenv("MY_OPEN_AI_API_KEY", conventional, 1);
}

/* ---- which one counts ---- */

static const struct {
    const char *label, *text;
    const char *own, *keyed, *conventional; /* what the variables hold */
    const char *place, *secret;
    enum gw_credential_level level;
} levels[] = {
    {"its own", BASE KEYED TARGET("a", "k") "credential = \"env::GW_TEST_OWN\"\n", "sk-own",
     "sk-keyed", NULL, "env::GW_TEST_OWN", "sk-own", GW_CREDENTIAL_OF_TARGET},
    {"its own, and none of the provider's",
     BASE KEYED TARGET("a", "k") "credential = \"env::GW_TEST_OWN\"\n", "sk-own", NULL, NULL,
     "env::GW_TEST_OWN", "sk-own", GW_CREDENTIAL_OF_TARGET},
    {"the provider's", BASE KEYED TARGET("a", "k"), NULL, "sk-keyed", NULL, "env::GW_TEST_KEYED",
     "sk-keyed", GW_CREDENTIAL_OF_PROVIDER},
    {"by convention", BASE TARGET("a", "n"), NULL, NULL, "sk-conv", "env::MY_OPEN_AI_API_KEY",
     "sk-conv", GW_CREDENTIAL_BY_CONVENTION},
    {"a model of a function", BASE "[functions.f]\nmodels = [\"n\"]\n", NULL, NULL, "sk-conv",
     "env::MY_OPEN_AI_API_KEY", "sk-conv", GW_CREDENTIAL_BY_CONVENTION},
    {"a model of a function, the provider's", BASE KEYED "[functions.f]\nmodels = [\"k\"]\n", NULL,
     "sk-keyed", NULL, "env::GW_TEST_KEYED", "sk-keyed", GW_CREDENTIAL_OF_PROVIDER},
    {"a variant", BASE "[functions.f.variants.v]\nmodel = \"n\"\n", NULL, NULL, "sk-conv",
     "env::MY_OPEN_AI_API_KEY", "sk-conv", GW_CREDENTIAL_BY_CONVENTION},
    {"a variant, the provider's", BASE KEYED "[functions.f.variants.v]\nmodel = \"k\"\n", NULL,
     "sk-keyed", NULL, "env::GW_TEST_KEYED", "sk-keyed", GW_CREDENTIAL_OF_PROVIDER},
};

static void test_the_first_place_counts(void **state)
{
    static struct loaded loaded;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(levels); i++) {
        set(levels[i].own, levels[i].keyed, levels[i].conventional);
        load_text(levels[i].text, &loaded);
        if (!loaded.config || loaded.said[0])
            fail_msg("%s: %s", levels[i].label, loaded.said);
        const struct gw_target_credential *found = &loaded.config->targets[0].credential;
        if (found->level != levels[i].level || !found->secret ||
            !gw_str_eq(found->place, gw_str_of(levels[i].place)) ||
            !gw_secret_equals(found->secret, gw_str_of(levels[i].secret)))
            fail_msg("%s: level %d, %.*s", levels[i].label, (int)found->level,
                     GW_STR_ARG(found->place));
        load_finish(&loaded);
    }
}

/* ---- what is said when it is not there ---- */

static const char *const planted = "sk-planted with a blank";

static const struct {
    struct said_case row;
    const char *own, *keyed, *conventional;
} said_cases[] = {
    {{"its own is not set", BASE TARGET("a", "m") "credential = \"env::GW_TEST_OWN\"\n",
      "t:7:14: error: targets.a.credential: environment variable GW_TEST_OWN is not set\n", 0},
     NULL,
     NULL,
     "x"},
    {{"its own is empty", BASE TARGET("a", "m") "credential = \"env::GW_TEST_OWN\"\n",
      "t:7:14: error: targets.a.credential: environment variable GW_TEST_OWN is empty\n", 0},
     "",
     NULL,
     "x"},
    {{"its own is no file", BASE TARGET("a", "m") "credential = \"file::/nowhere/key\"\n",
      "t:7:14: error: targets.a.credential: there is no file /nowhere/key\n", 0},
     NULL,
     NULL,
     "x"},
    {{"its own has a blank", BASE TARGET("a", "m") "credential = \"env::GW_TEST_OWN\"\n",
      "t:7:14: error: targets.a.credential: environment variable GW_TEST_OWN holds blanks or bytes "
      "that are not ASCII, which no header can carry\n",
      0},
     planted,
     NULL,
     "x"},
    {{"its own has a control byte", BASE TARGET("a", "m") "credential = \"env::GW_TEST_OWN\"\n",
      "t:7:14: error: targets.a.credential: environment variable GW_TEST_OWN holds blanks or", 0},
     "sk-a\x7F",
     NULL,
     "x"},
    {{"its own is not ASCII", BASE TARGET("a", "m") "credential = \"env::GW_TEST_OWN\"\n",
      "t:7:14: error: targets.a.credential: environment variable GW_TEST_OWN holds blanks or", 0},
     "sk-\xC3\xA4",
     NULL,
     "x"},
    {{"a literal", BASE TARGET("a", "m") "credential = \"sk-planted\"\n",
      "t:7:14: error: targets.a.credential must say where the secret is, as \"env::NAME\"", 0},
     NULL,
     NULL,
     NULL},
    {{"a literal of the provider's",
      "[server]\n[providers.p]\nbase_url = \"https://h/v1\"\nmodels = [\"m\"]\n"
      "credential = \"sk-planted\"\n" TARGET("a", "m"),
      "t:5:14: error: providers.p.credential must say where the secret is", 0},
     NULL,
     NULL,
     NULL},
    {{"a literal behind env::", BASE TARGET("a", "m") "credential = \"env::sk-planted\"\n",
      "t:7:14: error: targets.a.credential behind \"env::\" must be the name of a variable", 0},
     NULL,
     NULL,
     NULL},
    {{"the provider's is not set", BASE KEYED TARGET("a", "k"),
      "t:8:14: error: providers.keyed.credential: environment variable GW_TEST_KEYED is not set "
      "(targets.a needs it)\n",
      0},
     NULL,
     NULL,
     NULL},
    {{"the provider's has a blank", BASE KEYED TARGET("a", "k"),
      "t:8:14: error: providers.keyed.credential: environment variable GW_TEST_KEYED holds blanks",
      0},
     NULL,
     planted,
     NULL},
    {{"the provider's is said once",
      BASE KEYED TARGET("a", "k") TARGET("b", "k") "[routes.r]\ntargets = [\"b\"]\n",
      "t:8:14: error: providers.keyed.credential: environment variable GW_TEST_KEYED is not set "
      "(targets.a needs it)\n",
      0},
     NULL,
     NULL,
     NULL},
    {{"a function needs the provider's", BASE KEYED "[functions.f]\nmodels = [\"k\"]\n",
      "t:8:14: error: providers.keyed.credential: environment variable GW_TEST_KEYED is not set "
      "(functions.f needs it)\n",
      0},
     NULL,
     NULL,
     NULL},
    {{"a variant needs the provider's", BASE KEYED "[functions.f.variants.v]\nmodel = \"k\"\n",
      "t:8:14: error: providers.keyed.credential: environment variable GW_TEST_KEYED is not set "
      "(functions.f.variants.v needs it)\n",
      0},
     NULL,
     NULL,
     NULL},
    {{"nobody needs the provider's", BASE KEYED, "", 0}, NULL, NULL, NULL},
    {{"none by convention", BASE TARGET("a", "m"),
      "t:5:10: warning: targets.a: environment variable MY_OPEN_AI_API_KEY is not set, and there "
      "is no `credential` that would go before it: requests go to providers.my-open.ai without "
      "one\n",
      0},
     NULL,
     NULL,
     NULL},
    {{"an empty one by convention", BASE TARGET("a", "m"),
      "t:5:10: warning: targets.a: environment variable MY_OPEN_AI_API_KEY is empty, and there", 0},
     NULL,
     NULL,
     ""},
    {{"each target is told", BASE TARGET("a", "m") TARGET("b", "n"),
      "t:7:10: warning: targets.b: environment variable MY_OPEN_AI_API_KEY is not set", 1},
     NULL,
     NULL,
     NULL},
    {{"one with a blank by convention", BASE TARGET("a", "m"),
      "t:5:10: error: targets.a: environment variable MY_OPEN_AI_API_KEY holds blanks or bytes "
      "that are not ASCII, which no header can carry; it was looked for as the credential of "
      "providers.my-open.ai\n",
      0},
     NULL,
     NULL,
     planted},
    {{"a model of a function", BASE "[functions.f]\nmodels = [\"m\"]\n",
      "t:6:11: warning: functions.f.models: environment variable MY_OPEN_AI_API_KEY is not set", 0},
     NULL,
     NULL,
     NULL},
    {{"a variant", BASE "[functions.f.variants.v]\nmodel = \"m\"\n",
      "t:5:23: warning: functions.f.variants.v: environment variable MY_OPEN_AI_API_KEY is not", 0},
     NULL,
     NULL,
     NULL},
    {{"the demo provider needs none",
      "[server]\n[providers.demo]\nbase_url = \"demo:\"\nmodels = [\"m\"]\n" TARGET("a", "m"), "",
      0},
     NULL,
     NULL,
     NULL},
    {{"a provider's name that is none",
      "[server]\n[providers.\"a b\"]\nbase_url = \"https://h/v1\"\nmodels = [\"m\"]\n" TARGET("a",
                                                                                              "m"),
      "t:2:12: error: providers.a b: the name of a provider must be", 0},
     NULL,
     NULL,
     NULL},
};

static void test_what_is_not_there_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(said_cases); i++) {
        set(said_cases[i].own, said_cases[i].keyed, said_cases[i].conventional);
        expect_said(&said_cases[i].row, 1);
    }
}

/* What would be an error goes on as a warning, without the secret; what is no place does not. */
static void test_to_explain_nothing_needs_to_be_there(void **state)
{
    static struct loaded loaded;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(said_cases); i++) {
        const struct said_case *row = &said_cases[i].row;
        bool is_form = strstr(row->said, "error: ") && !strstr(row->said, "environment variable") &&
                       !strstr(row->said, "no file");
        set(said_cases[i].own, said_cases[i].keyed, said_cases[i].conventional);
        load_for(GW_CONFIG_TO_EXPLAIN, row->text, &loaded);
        unsigned problems = (row->said[0] != '\0') + row->more;
        if ((loaded.config == NULL) != is_form || strstr(loaded.said, "sk-") ||
            loaded.errors + loaded.warnings != problems)
            fail_msg("%s: %s", row->label, loaded.said);
        for (uint32_t t = 0; loaded.config && t < loaded.config->targets_count; t++)
            assert_null(loaded.config->targets[t].credential.secret);
        load_finish(&loaded);
    }
    set(NULL, NULL, NULL);
    load_for(GW_CONFIG_TO_EXPLAIN, "[server]\n[admin]\ntoken = \"env::GW_TEST_OWN\"\n", &loaded);
    assert_non_null(loaded.config);
    assert_non_null(strstr(loaded.said, "t:3:9: warning: admin.token: environment variable"));
    assert_null(loaded.config->admin.token);
    load_finish(&loaded);
}

/* ---- places ---- */

/* By convention a name may begin with a digit, as no place in a file may. */
static void test_a_provider_may_begin_with_a_digit(void **state)
{
    static struct loaded loaded;

    (void)state;
    set(NULL, NULL, NULL);
    (void)setenv("9LIVES_API_KEY", "sk-nine", 1);
    load_text(
        "[server]\n[providers.9lives]\nbase_url = \"https://h/v1\"\nmodels = [\"m\"]\n" TARGET("a",
                                                                                               "m"),
        &loaded);
    assert_non_null(loaded.config);
    assert_true(gw_secret_equals(loaded.config->targets[0].credential.secret, GW_STR("sk-nine")));
    load_finish(&loaded);
}

static void test_each_place_is_fetched_once(void **state)
{
    char path[] = "/tmp/gw_credentials_test_XXXXXX", text[1024];
    static struct loaded loaded;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd != -1);
    assert_int_equal(write(fd, "sk-file\r\n", 9), 9);
    close(fd);
    set("sk-own", NULL, "sk-conv");
    (void)snprintf(
        text, sizeof text,
        BASE "[admin]\ntoken = \"file::%s\"\n" TARGET("a", "m") TARGET("b", "n")
            TARGET("c", "m") "credential = \"env::GW_TEST_OWN\"\n" TARGET(
                "d",
                "m") "credential = \"env::GW_TEST_OWN\"\n" TARGET("e",
                                                                  "m") "credential = \"file::%s\"\n"
                                                                       "[functions.f]\nstrategy = "
                                                                       "\"weighted\"\ntargets = "
                                                                       "[\"c\", \"d\", \"e\"]\n"
                                                                       "[functions.g]\nmodels = "
                                                                       "[\"m\"]\n",
        path, path);
    load_text(text, &loaded);
    if (!loaded.config)
        fail_msg("%s", loaded.said);
    const struct gw_target_config *targets = loaded.config->targets;
    assert_int_equal(loaded.config->secrets_count, 3);
    assert_ptr_equal(targets[0].credential.secret, targets[1].credential.secret);
    assert_ptr_equal(targets[0].credential.secret, targets[5].credential.secret);
    assert_ptr_equal(targets[2].credential.secret, targets[3].credential.secret);
    assert_ptr_equal(targets[4].credential.secret, loaded.config->admin.token);
    assert_true(gw_secret_equals(targets[4].credential.secret, GW_STR("sk-file")));
    load_finish(&loaded);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_place_counts),
        cmocka_unit_test(test_what_is_not_there_is_named),
        cmocka_unit_test(test_to_explain_nothing_needs_to_be_there),
        cmocka_unit_test(test_a_provider_may_begin_with_a_digit),
        cmocka_unit_test(test_each_place_is_fetched_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
