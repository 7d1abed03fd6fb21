/* Whole files: what they become, and every problem that more than one key makes. */
#include "unit/test.h"

#include "unit/config/load.h"

#include <pthread.h>
#include <unistd.h>

#define SERVER "[server]\n"
#define PROVIDER(name)                                                                             \
    "[providers." name "]\nbase_url = \"https://h/v1\"\nmodels = [\"" name "-m\"]\n"

/* Files that are refused, or taken with a warning: `said` must be a part of what is said. */
static const struct {
    const char *label, *text, *said;
} said_cases[] = {
    {"no server", "[admin]\n", "t: error: there must be a table [server]"},
    {"empty file", "", "t: error: there must be a table [server]"},
    {"server is no table", "server = 1\n", "t:1:10: error: server must be a table, not an integer"},
    {"server is a list", "[[server]]\n", "t:1:1: error: server must be a table, not an array"},
    {"syntax", SERVER "port = \n", "t:2:8: error: could not read TOML: "},
    {"key twice", SERVER "port = 1\nport = 2\n", "t:3:8: error: could not read TOML: "},
    {"misspelt table", SERVER "[provider.x]\n",
     "t:2:2: error: provider is not a known key: did you mean \"providers\"?"},
    {"a key outside of tables", "port = 1\n" SERVER, "t:1:1: error: port is not a known key"},
    {"no provider", SERVER, "t: warning: there is no [providers.NAME]"},
    {"host is a name", SERVER "host = \"example.com\"\n",
     "t:2:8: error: server.host must be an IP address or \"localhost\""},
    {"certificate alone", SERVER "tls_cert = \"/proc/self/exe\"\n",
     "t:2:12: error: server.tls_cert needs server.tls_key beside it"},
    {"key alone", SERVER "tls_key = \"/proc/self/exe\"\n",
     "t:2:11: error: server.tls_key needs server.tls_cert beside it"},
    {"certificate is not there", SERVER "tls_cert = \"/nowhere/c\"\ntls_key = \"/proc/self/exe\"\n",
     "t:2:12: error: server.tls_cert: could not open /nowhere/c: No such file"},
    {"certificate is a folder", SERVER "tls_cert = \"/tmp\"\ntls_key = \"/proc/self/exe\"\n",
     "t:2:12: error: server.tls_cert: /tmp is not a regular file"},
    {"same port", SERVER "port = 9\n[admin]\nport = 9\n",
     "t:4:8: error: admin.port must not be the same as server.port (9)"},
    {"same port by default", SERVER "port = 4001\n", "error: admin.port must not be the same"},
    {"same port on all addresses", SERVER "host = \"0.0.0.0\"\nport = 4001\n",
     "error: admin.port must not be the same"},
    {"admin off loopback", SERVER "[admin]\nhost = \"0.0.0.0\"\n",
     "t:3:8: error: admin.token is required where admin.host is not a loopback address"},
    {"admin on a private address", SERVER "[admin]\nhost = \"10.1.2.3\"\n",
     "error: admin.token is required"},
    {"admin off loopback, v6", SERVER "[admin]\nhost = \"::\"\n", "error: admin.token is required"},
    {"admin off loopback, mapped", SERVER "[admin]\nhost = \"::ffff:10.0.0.1\"\n",
     "error: admin.token is required"},
    {"admin token literal", SERVER "[admin]\ntoken = \"s3cret\"\n",
     "t:3:9: error: admin.token must say where the secret is, as \"env::NAME\" or \"file::PATH\""},
    {"admin token is not set", SERVER "[admin]\ntoken = \"env::GW_TEST_UNSET\"\n",
     "t:3:9: error: admin.token: environment variable GW_TEST_UNSET is not set"},
    {"admin token with a blank", SERVER "[admin]\ntoken = \"env::GW_TEST_BLANK\"\n",
     "t:3:9: error: admin.token: environment variable GW_TEST_BLANK holds blanks or bytes"},
    {"provider without keys", SERVER "[providers.a]\n",
     "t:2:12: error: providers.a.base_url is required\n"
     "t:2:12: error: providers.a.models is required\n"},
    {"provider is no table", SERVER "[providers]\na = 1\n",
     "t:3:5: error: providers must hold tables only: \"a\" is an integer"},
    {"taken name: function", SERVER PROVIDER("function"),
     "t:2:12: error: providers.function: this name"},
    {"taken name: route", SERVER PROVIDER("route"), "t:2:12: error: providers.route: this name"},
    {"name with a blank", SERVER PROVIDER("\"a b\""), "error: "},
    {"name with a colon", SERVER "[providers.\"a:b\"]\nbase_url = \"demo:\"\nmodels = []\n",
     "t:2:12: error: providers.a:b: the name of a provider must be"},
    {"empty name", SERVER "[providers.\"\"]\nbase_url = \"demo:\"\nmodels = []\n",
     "error: providers: the name of a provider must be"},
    {"name with a dot", SERVER "[providers.a.b]\nbase_url = \"demo:\"\nmodels = []\n",
     "t:2:14: error: providers.a.b is not a known key: a name with dots is written in quotes"},
    {"base_url with a password",
     SERVER "[providers.a]\nbase_url = \"https://u:s3cret@h/v1\"\nmodels = []\n",
     "t:3:12: error: providers.a.base_url must be \"https://host/path\""},
    {"base_url without a scheme", SERVER "[providers.a]\nbase_url = \"h/v1\"\nmodels = []\n",
     "t:3:12: error: providers.a.base_url must be"},
    {"usual path missing",
     SERVER "[providers.x]\nbase_url = \"https://API.openai.com\"\nmodels = []\n",
     "t:3:12: warning: providers.x.base_url has no path: that of openai usually ends in \"/v1\""},
    {"usual path missing, slash",
     SERVER "[providers.x]\nbase_url = \"https://api.anthropic.com/\"\nmodels = []\n",
     "warning: providers.x.base_url has no path: that of anthropic usually ends in \"/v1\""},
    {"model twice", SERVER "[providers.a]\nbase_url = \"demo:\"\nmodels = [\"m\", \"n\", \"m\"]\n",
     "t:4:21: error: providers.a.models lists \"m\" twice"},
    {"model twice at the second provider",
     SERVER "[providers.b]\nbase_url = \"demo:\"\nmodels = [\"m\"]\n"
            "[providers.a]\nbase_url = \"demo:\"\nmodels = [\"m\", \"m\"]\n",
     "t:7:16: error: providers.a.models lists \"m\" twice"},
    {"model at two providers",
     SERVER "[providers.b]\nbase_url = \"demo:\"\nmodels = [\"m\"]\n"
            "[providers.a]\nbase_url = \"demo:\"\nmodels = [\"m\"]\n",
     "t:7:11: warning: \"m\" is listed by the providers b and a: without a prefix it goes to b,"},
    {"model with a control character",
     SERVER "[providers.a]\nbase_url = \"demo:\"\nmodels = [\"a\\u0001b\"]\n",
     "t:4:11: error: providers.a.models: a name must not hold control characters"},
    {"model with a separator", SERVER "[providers.a]\nbase_url = \"demo:\"\nmodels = [\"x::y\"]\n",
     "t:4:11: warning: \"x::y\" has \"::\" in it, so it is reached as \"a::x::y\" only"},
    {"settings of an unknown model", SERVER PROVIDER("a") "[models.zzz]\napi = \"chat\"\n",
     "t:5:9: error: models: \"zzz\" is not listed by any provider"},
    {"settings of a dotted model", SERVER "[models.gpt-4.1]\ntimeout_ms = 1\n",
     "t:2:15: error: models.gpt-4.1 is not a known key: a name with dots is written in quotes, as "
     "[models.\"gpt-4.1\"]"},
    {"credential literal", SERVER PROVIDER("a") "credential = \"s3cret\"\n",
     "t:5:14: error: providers.a.credential must say where the secret is"},
    {"auth header is no token", SERVER PROVIDER("a") "auth_header_name = \"a b\"\n",
     "t:5:20: error: providers.a.auth_header_name must be the name of a header"},
    {"auth header of a bearer",
     SERVER PROVIDER("a") "auth_type = \"bearer\"\nauth_header_name = \"x\"\n",
     "t:6:20: warning: providers.a.auth_header_name has no effect"},
    {"ca_file is not there", SERVER PROVIDER("a") "ca_file = \"/nowhere/ca\"\n",
     "t:5:11: error: providers.a.ca_file: could not open /nowhere/ca: No such file"},
    {"responses of another dialect",
     SERVER PROVIDER("a") "dialect = \"anthropic\"\nresponses = true\n",
     "t:6:13: warning: providers.a.responses has no meaning"},
    {"header name", SERVER PROVIDER("a") "headers = { \"a b\" = \"1\" }\n",
     "error: providers.a.headers: \"a b\" is no name of a header"},
    {"header of ours", SERVER PROVIDER("a") "headers = { Host = \"1\" }\n",
     "t:5:20: error: providers.a.headers: \"Host\" is set by the gateway itself"},
    {"hop-by-hop header", SERVER PROVIDER("a") "headers = { Connection = \"x\" }\n",
     "error: providers.a.headers: \"Connection\" is set by the gateway itself"},
    {"header with a credential", SERVER PROVIDER("a") "headers = { X-Api-Key = \"s3cret\" }\n",
     "error: providers.a.headers: \"X-Api-Key\" shows a credential"},
    {"header from the environment", SERVER PROVIDER("a") "headers = { x = \"env::Y\" }\n",
     "error: providers.a.headers: \"x\" is sent as written"},
    {"header that would split", SERVER PROVIDER("a") "headers = { x = \"a\\r\\nb: c\" }\n",
     "error: providers.a.headers: \"x\" must be a string without control characters"},
    {"header is no string", SERVER PROVIDER("a") "headers = { x = 1 }\n",
     "t:5:17: error: providers.a.headers must be a table of strings: \"x\" is an integer"},
    {"streams of nobody known", SERVER "[translation]\nmeter_streams = \"some\"\n",
     "t:3:17: error: translation.meter_streams must be \"managed\", \"all\" or \"off\""},
    {"metrics path", SERVER "[metrics]\npath = \"metrics\"\n",
     "t:3:8: error: metrics.path must begin with \"/\""},
    {"misspelt in a list of tables", SERVER "[routes.a]\nsteps = [{ strategi = \"single\" }]\n",
     "error: routes.a.steps.strategi is not a known key: did you mean \"strategy\"?"},
    {"missing in a list of tables", SERVER "[[routes.a.steps]]\nstrategy = \"single\"\n",
     "t:2:1: error: routes.a.steps.targets is required"},
    {"scanning of one route", SERVER "[routes.a.security]\nenabled = true\n",
     "t:3:11: error: routes.a.security.enabled must be left at its default (false): security"},
    {"tenants", SERVER "[tenant_routing]\nenabled = true\n",
     "t:3:11: error: tenant_routing.enabled must be left at its default (false): tenant"},
    {"both at once", SERVER "port = -1\n[admin]\nport = \"x\"\n",
     "t:2:8: error: server.port must be an integer from 0 to 65535, not -1\n"
     "t:4:8: error: admin.port must be an integer, not a string\n"},
};

static void test_problems(void **state)
{
    static struct loaded loaded;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(said_cases); i++) {
        load_text(said_cases[i].text, &loaded);
        bool refused = strstr(said_cases[i].said, "error: ") != NULL;
        if (!strstr(loaded.said, said_cases[i].said) || (loaded.status != GW_OK) != refused)
            fail_msg("%s: %s\n%s", said_cases[i].label, gw_status_name(loaded.status), loaded.said);
        if (strstr(loaded.said, "s3cret"))
            fail_msg("%s: a secret is shown:\n%s", said_cases[i].label, loaded.said);
        load_finish(&loaded);
    }
}

/* Files that load without a word. */
static const struct {
    const char *label, *text;
} silent_cases[] = {
    {"one provider", SERVER PROVIDER("a")},
    {"no admin, same port", SERVER "port = 4001\n[admin]\nenabled = false\n" PROVIDER("a")},
    {"same port on two addresses", SERVER "host = \"127.0.0.2\"\nport = 4001\n" PROVIDER("a")},
    {"ports of the kernel's", SERVER "port = 0\n[admin]\nport = 0\n" PROVIDER("a")},
    {"v6", SERVER "host = \"::1\"\n[admin]\nhost = \"::1\"\n" PROVIDER("a")},
    {"all of 127.0.0.0/8 is loopback", SERVER "[admin]\nhost = \"127.9.9.9\"\n" PROVIDER("a")},
    {"localhost", SERVER "host = \"localhost\"\n[admin]\nhost = \"localhost\"\n" PROVIDER("a")},
    {"no admin off loopback",
     SERVER "[admin]\nenabled = false\nhost = \"0.0.0.0\"\n" PROVIDER("a")},
    {"an empty list of models", SERVER "[providers.a]\nbase_url = \"demo:\"\nmodels = []\n"},
    {"telemetry switched off",
     SERVER PROVIDER(
         "a") "[telemetry]\nenabled = false\notlp_endpoint = \"http://localhost:4317\"\n"
              "service_name = \"x\"\n[genai_telemetry]\nenabled = false\n"
              "capture_content = true\n"},
    {"security switched off",
     SERVER PROVIDER("a") "[security]\nenabled = false\nblocklist = [\"x\"]\n"
                          "[security.policy]\n\"pii.email\".request = \"flag\"\n"
                          "[[security.rules]]\nid = \"a.b\"\npattern = 'x'\n"},
    {"tenants switched off",
     SERVER PROVIDER(
         "a") "[tenant_routing]\nenabled = false\nredis_url = \"redis://localhost:6379\"\n"
              "lru_capacity = 1000\nanti_entropy_interval_secs = 300\n"
              "api_fallback_url = \"http://localhost:4500/x\"\napi_fallback_timeout_ms = 5000\n"
              "api_fallback_auth_token = \"\"\nlru_idle_timeout_secs = 3600\n"
              "private_key_path = \"/etc/gateway/x25519.key\"\n"},
    {"others at their defaults",
     SERVER PROVIDER(
         "a") "[analytics]\nenabled = false\n[prices]\nfile = \"\"\n"
              "[translation]\non_unsupported = \"drop\"\nfetch_media = false\n"
              "meter_streams = \"managed\"\n"
              "[metrics]\nlabels = [\"provider\", \"model\", \"route\", \"operation\"]\n"
              "exemplars = true\n"},
};

static void test_silent_files(void **state)
{
    static struct loaded loaded;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(silent_cases); i++) {
        load_text(silent_cases[i].text, &loaded);
        if (loaded.status != GW_OK || loaded.said[0])
            fail_msg("%s: %s", silent_cases[i].label, loaded.said);
        load_finish(&loaded);
    }
}

static void test_defaults(void **state)
{
    static struct loaded loaded;

    (void)state;
    load_text(SERVER, &loaded);
    assert_int_equal(loaded.status, GW_OK);
    const struct gw_config *config = loaded.config;
    assert_true(gw_str_eq(config->server.host, GW_STR("127.0.0.1")));
    assert_int_equal(config->server.port, 4000);
    assert_in_range(config->server.workers, 1, GW_CONFIG_WORKERS_MAX);
    assert_int_equal(config->server.max_header_bytes, 65536);
    assert_int_equal(config->server.max_body_bytes, 104857600);
    assert_int_equal(config->server.header_timeout_ms, 10000);
    assert_int_equal(config->server.idle_timeout_ms, 75000);
    assert_int_equal(config->server.max_connections, 65536);
    assert_int_equal(config->server.drain_timeout_ms, 30000);
    assert_int_equal(config->server.retry_body_bytes, 8388608);
    assert_int_equal(config->server.spin_us, 0);
    assert_int_equal(config->server.tls_cert.len, 0);
    assert_true(config->admin.enabled);
    assert_true(gw_str_eq(config->admin.host, GW_STR("127.0.0.1")));
    assert_int_equal(config->admin.port, 4001);
    assert_null(config->admin.token);
    assert_true(config->access_log.enabled);
    assert_true(gw_str_eq(config->access_log.path, GW_STR("-")));
    assert_true(config->access_log.fields == GW_ACCESS_DEFAULT);
    assert_true(config->metrics.enabled);
    assert_true(gw_str_eq(config->metrics.path, GW_STR("/metrics")));
    assert_int_equal(config->metrics.max_series_per_metric, 2000);
    assert_false(config->translation.fetch_media);
    assert_int_equal(config->providers_count, 0);
    assert_false(config->translation.strict);
    assert_int_equal(config->translation.meter_streams, GW_METER_MANAGED);
    load_finish(&loaded);
}

static const char full[] =
    "[server]\nhost = \"::1\"\nport = 1\nworkers = 3\nmax_header_bytes = 2048\n"
    "max_body_bytes = 5000000000\nheader_timeout_ms = 2\nidle_timeout_ms = 3\n"
    "max_connections = 4\ndrain_timeout_ms = 0\nretry_body_bytes = 5\nspin_us = 6\n"
    "tls_cert = \"/proc/self/exe\"\ntls_key = \"/proc/self/exe\"\n"
    "[admin]\nhost = \"10.0.0.1\"\nport = 2\ntoken = \"env::GW_TEST_TOKEN\"\n"
    "[access_log]\nenabled = false\npath = \"a.log\"\nfields = [\"status\", \"remote_addr\"]\n"
    "[metrics]\nenabled = false\npath = \"/m\"\nmax_series_per_metric = 7\n"
    "[defaults.provider]\ntimeout_ms = 100\nconnect_timeout_ms = 200\n"
    "[providers.zeta]\nbase_url = \"https://h.example:8443/api/v1\"\nmodels = [\"m1\", \"m2\"]\n"
    "credential = \"file::/etc/key\"\ntimeout_ms = 11\nidle_timeout_ms = 13\n"
    "auth_type = \"api_key_header\"\nauth_header_name = \"X-Key\"\nmax_connections = 9\n"
    "headers = { X-One = \"1\", x-two = \"2 2\" }\nca_file = \"/proc/self/exe\"\n"
    "[providers.alpha]\nbase_url = \"http://127.0.0.1:9\"\nmodels = [\"m2\", \"m3\"]\n"
    "connect_timeout_ms = 12\ndialect = \"gemini\"\n"
    "[models.m2]\ntimeout_ms = 77\napi = \"responses\"\n[models.m3]\napi = \"chat\"\n"
    "[targets.t1]\nmodel = \"m2\"\nprovider = \"alpha\"\ncredential = \"env::GW_TEST_TOKEN\"\n"
    "[targets.t2]\nmodel = \"m3\"\ncredential = \"env::GW_TEST_TOKEN\"\ntimeout_ms = 5\n"
    "[routes.r]\nmodels = [\"x\"]\n[[routes.r.steps]]\ntargets = [\"t1\"]\n"
    "[functions.f.variants.v]\nmodel = \"m3\"\ntop_p = 0.25\n[routing.retry]\nmax_retries = 7\n"
    "[translation]\nfetch_media = true\n";

static void check_full_providers(const struct gw_config *config)
{
    const struct gw_provider_config *zeta = &config->providers[0], *alpha = &config->providers[1];

    assert_int_equal(config->providers_count, 2);
    assert_true(gw_str_eq(zeta->name, GW_STR("zeta"))); /* declared first, though last by name */
    assert_ptr_equal(zeta, gw_config_provider(config, GW_STR("zeta")));
    assert_ptr_equal(alpha, gw_config_provider(config, GW_STR("alpha")));
    assert_null(gw_config_provider(config, GW_STR("Zeta")));
    assert_int_equal(alpha->index, 1);
    assert_true(gw_str_eq(zeta->base_url.host, GW_STR("h.example")));
    assert_int_equal(zeta->base_url.port, 8443);
    assert_true(gw_str_eq(zeta->base_url.path, GW_STR("/api/v1")));
    assert_true(zeta->base_url.tls && !alpha->base_url.tls);
    assert_int_equal(zeta->dialect, GW_DIALECT_OPENAI);
    assert_int_equal(alpha->dialect, GW_DIALECT_GEMINI);
    assert_int_equal(zeta->auth.kind, GW_AUTH_HEADER);
    assert_true(gw_str_eq(zeta->auth.name, GW_STR("x-key")));
    assert_int_equal(alpha->auth.kind, GW_AUTH_HEADER);
    assert_true(gw_str_eq(alpha->auth.name, GW_STR("x-goog-api-key")));
    assert_true(gw_str_eq(zeta->credential, GW_STR("file::/etc/key")));
    assert_int_equal(zeta->max_connections, 9);
    assert_int_equal(alpha->max_connections, 256);
    assert_int_equal(zeta->headers_count, 2);
    assert_true(gw_str_eq(zeta->headers[0].name, GW_STR("X-One")));
    assert_true(gw_str_eq(zeta->headers[1].value, GW_STR("2 2")));
    assert_true(gw_str_eq(zeta->ca_file, GW_STR("/proc/self/exe")));
    assert_int_equal(zeta->timeouts.total_ms, 11);
    assert_int_equal(zeta->timeouts.connect_ms, 200);
    assert_int_equal(zeta->timeouts.idle_ms, 13);
    assert_int_equal(alpha->timeouts.total_ms, 100);
    assert_int_equal(alpha->timeouts.connect_ms, 12);
    assert_int_equal(alpha->timeouts.idle_ms, 60000);
}

static void check_full_models(const struct gw_config *config)
{
    const struct gw_provider_config *zeta = &config->providers[0], *alpha = &config->providers[1];
    const struct gw_model_config *m2 = gw_config_model(config, GW_STR("m2"));

    assert_int_equal(config->models_count, 4);
    for (uint32_t i = 0; i < config->models_count; i++)
        assert_int_equal(config->models[i].index, i);
    assert_int_equal(zeta->models_count, 2);
    assert_ptr_equal(alpha->models, &config->models[2]);
    assert_ptr_equal(m2->provider, zeta); /* the first declared */
    assert_int_equal(m2->timeouts.total_ms, 77);
    assert_int_equal(m2->timeouts.connect_ms, 200);
    assert_int_equal(m2->api, GW_MODEL_API_RESPONSES);
    assert_ptr_equal(gw_config_provider_model(alpha, GW_STR("m2"))->provider, alpha);
    assert_int_equal(gw_config_provider_model(alpha, GW_STR("m2"))->timeouts.total_ms, 77);
    assert_null(gw_config_provider_model(alpha, GW_STR("m1")));
    assert_int_equal(gw_config_model(config, GW_STR("m1"))->timeouts.total_ms, 11);
    assert_int_equal(gw_config_model(config, GW_STR("m3"))->timeouts.total_ms, 100);
    assert_null(gw_config_model(config, GW_STR("m")));
    assert_int_equal(gw_config_model_settings(config, GW_STR("m2"))->timeout_ms, 77);
    assert_null(gw_config_model_settings(config, GW_STR("m1")));
}

static void test_all_that_is_in_force_arrives(void **state)
{
    static struct loaded loaded;

    (void)state;
    load_text(full, &loaded);
    if (loaded.status != GW_OK)
        fail_msg("%s", loaded.said);
    const struct gw_server_config *server = &loaded.config->server;
    assert_true(gw_str_eq(server->host, GW_STR("::1")));
    assert_int_equal(server->port, 1);
    assert_int_equal(server->workers, 3);
    assert_int_equal(server->max_header_bytes, 2048);
    assert_true(server->max_body_bytes == UINT64_C(5000000000));
    assert_int_equal(server->header_timeout_ms, 2);
    assert_int_equal(server->idle_timeout_ms, 3);
    assert_int_equal(server->max_connections, 4);
    assert_int_equal(server->drain_timeout_ms, 0);
    assert_int_equal(server->retry_body_bytes, 5);
    assert_int_equal(server->spin_us, 6);
    assert_true(gw_str_eq(server->tls_cert, GW_STR("/proc/self/exe")));
    assert_true(gw_str_eq(server->tls_key, GW_STR("/proc/self/exe")));
    assert_int_equal(loaded.config->admin.port, 2);
    assert_true(gw_secret_equals(loaded.config->admin.token, GW_STR("t0ken")));
    assert_false(loaded.config->access_log.enabled);
    assert_true(gw_str_eq(loaded.config->access_log.path, GW_STR("a.log")));
    assert_true(loaded.config->access_log.fields ==
                (GW_ACCESS_BIT(GW_ACCESS_STATUS) | GW_ACCESS_BIT(GW_ACCESS_REMOTE_ADDR)));
    assert_false(loaded.config->metrics.enabled);
    assert_true(gw_str_eq(loaded.config->metrics.path, GW_STR("/m")));
    assert_int_equal(loaded.config->metrics.max_series_per_metric, 7);
    assert_true(loaded.config->translation.fetch_media);
    check_full_providers(loaded.config);
    check_full_models(loaded.config);
    load_finish(&loaded);
}

static void test_whose_streams_are_metered(void **state)
{
    static const struct {
        const char *word;
        enum gw_meter_streams whose;
    } words[] = {{"managed", GW_METER_MANAGED}, {"all", GW_METER_ALL}, {"off", GW_METER_OFF}};
    static struct loaded loaded;
    char text[128];

    (void)state;
    for (size_t i = 0; i < GW_COUNT(words); i++) {
        (void)snprintf(text, sizeof text, "%s[translation]\nmeter_streams = \"%s\"\n", SERVER,
                       words[i].word);
        load_text(text, &loaded);
        assert_int_equal(loaded.status, GW_OK);
        assert_int_equal(loaded.config->translation.meter_streams, words[i].whose);
        load_finish(&loaded);
    }
}

/* A file cut anywhere is refused or understood, never more than that; sanitizers watch. */
static void test_cut_at_every_byte(void **state)
{
    static char text[sizeof full];
    static struct loaded loaded;

    (void)state;
    for (size_t cut = 0; cut < sizeof full; cut++) {
        memcpy(text, full, cut);
        text[cut] = '\0';
        load_text(text, &loaded);
        assert_true((loaded.status == GW_OK) == (loaded.config != NULL));
        assert_true((loaded.status == GW_OK) == (loaded.errors == 0));
        load_finish(&loaded);
    }
}

static void test_problems_are_capped(void **state)
{
    struct gw_problems problems;
    struct gw_config *config = NULL;
    struct gw_buf text;

    (void)state;
    gw_buf_init(&text, 1 << 20);
    for (unsigned i = 0; i < 1500; i++)
        assert_int_equal(gw_buf_printf(&text, "k%u = 1\n", i), GW_OK);
    assert_int_equal(gw_buf_add(&text, GW_STR("[server]\n")), GW_OK);
    gw_problems_init(&problems);
    assert_int_equal(
        gw_config_parse(gw_buf_str(&text), GW_STR("t"), GW_CONFIG_TO_SERVE, &problems, &config),
        GW_INVALID);
    assert_int_equal(problems.count, GW_PROBLEMS_MAX);
    assert_int_equal(problems.errors, 1500);
    gw_problems_finish(&problems);
    gw_buf_finish(&text);
}

static void test_files(void **state)
{
    char path[] = "/tmp/gw_config_test_XXXXXX", line[160];
    struct gw_problems problems;
    struct gw_config *config = NULL;
    struct gw_buf printed;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd != -1);
    assert_int_equal(write(fd, "[server]\nport = 5\nprot = 1\n", 27), 27);
    close(fd);
    gw_problems_init(&problems);
    gw_buf_init(&printed, 4096);
    assert_int_equal(gw_config_load(path, GW_CONFIG_TO_SERVE, &problems, &config), GW_INVALID);
    assert_int_equal(gw_problems_print(&problems, &printed), GW_OK);
    (void)snprintf(line, sizeof line, "%s:3:1: error: server.prot is not a known key", path);
    assert_int_equal(gw_str_find_str(gw_buf_str(&printed), gw_str_of(line)) == gw_buf_len(&printed),
                     0);
    gw_problems_finish(&problems);
    unlink(path);

    const char *const wrong[] = {path, "/tmp", "/dev/zero"}; /* gone, a folder, endless */
    for (size_t i = 0; i < GW_COUNT(wrong); i++) {
        gw_problems_init(&problems);
        assert_int_equal(gw_config_load(wrong[i], GW_CONFIG_TO_SERVE, &problems, &config),
                         GW_INVALID);
        assert_int_equal(problems.errors, 1);
        assert_int_equal(problems.list[0].at.line, 0);
        gw_problems_finish(&problems);
    }
    gw_buf_finish(&printed);
    assert_null(config);
}

static void *retain_and_release(void *config)
{
    for (unsigned i = 0; i < 10000; i++)
        gw_config_release(gw_config_retain(config));
    gw_config_release(config);
    return NULL;
}

static void test_snapshots_are_counted(void **state)
{
    static struct loaded loaded;
    pthread_t threads[4];

    (void)state;
    load_text(full, &loaded);
    for (size_t i = 0; i < GW_COUNT(threads); i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, retain_and_release, gw_config_retain(loaded.config)),
            0);
    for (size_t i = 0; i < GW_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&loaded.config->references), 1);
    load_finish(&loaded);
    gw_config_release(NULL);
}

static const struct {
    const char *label, *text, *shown;
    size_t len; /* 0: by strlen */
} quotes[] = {
    {"plain", "gpt-4o", "gpt-4o", 0},
    {"UTF-8", "mod\xC3\xA8le", "mod\xC3\xA8le", 0},
    {"newline and escape", "a\n\x1b[2J", "a??[2J", 0},
    {"NUL", "a\0b", "a?b", 3},
    {"broken UTF-8",
     "\xff\xC3"
     "a",
     "??a", 0},
    {"C1 control character", "\xC2\x9Bx", "??x", 0},
    {"surrogate", "\xED\xA0\x80", "???", 0},
    {"overlong", "\xE0\x80\x80\xC0\x80", "?????", 0},
    {"long", "0123456789012345678901234567890123456789012345678901234567890123456789",
     "01234567890123456789012345678901234567890123456789012345678901234567...", 0},
};

static void test_quotes(void **state)
{
    char out[GW_QUOTE_BYTES];

    (void)state;
    for (size_t i = 0; i < GW_COUNT(quotes); i++) {
        size_t len = quotes[i].len ? quotes[i].len : strlen(quotes[i].text);
        if (strcmp(gw_quote((struct gw_str){quotes[i].text, len}, out), quotes[i].shown) != 0)
            fail_msg("%s: %s", quotes[i].label, out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all_that_is_in_force_arrives),
        cmocka_unit_test(test_whose_streams_are_metered),
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_silent_files),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_problems_are_capped),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_snapshots_are_counted),
        cmocka_unit_test(test_quotes),
    };

    (void)setenv("GW_TEST_TOKEN", "t0ken", 1);
    (void)setenv("GW_TEST_BLANK", "to ken", 1);
    (void)unsetenv("GW_TEST_UNSET");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
