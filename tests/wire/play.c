#include "wire/player.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_MS 5000

static size_t count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    must(folder != NULL, "/proc/self/fd");
    while (readdir(folder))
        count++;
    (void)closedir(folder);
    return count;
}

/* Callers leave, and what the gateway still has to say is read until it has ended. */
static void let_end(struct player *player)
{
    struct pollfd polled[PARTIES_MAX + 1];
    struct crowd *crowd = &player->crowd;

    gate_thaw(player->gate);
    for (size_t i = 0; i < crowd->count; i++)
        if (crowd->all[i].fd != -1 && !crowd->all[i].upstream)
            (void)shutdown(crowd->all[i].fd, SHUT_WR);
    (void)gate_quiet(player->gate, player->complaint);
    (void)gate_drain(player->gate, player->complaint);
    for (int left = DEADLINE_MS; left > 0;) {
        nfds_t count = 0;
        polled[count++] = (struct pollfd){.fd = gate_ended_fd(player->gate), .events = POLLIN};
        for (size_t i = 0; i < crowd->count; i++) {
            party_peek(&crowd->all[i]);
            if (crowd->all[i].fd != -1 && !crowd->all[i].ended)
                polled[count++] = (struct pollfd){.fd = crowd->all[i].fd, .events = POLLIN};
        }
        if (poll(polled, count, left) <= 0 || polled[0].revents)
            break;
    }
}

static bool check_party(struct player *player, struct party *party)
{
    party_peek(party);
    if (gw_buf_len(&party->in) + gw_buf_len(&party->body) == 0)
        return true;
    complain(player->complaint, "%.*s got what no step expects:", GW_STR_ARG(party->name));
    complain_bytes(player->complaint, "    | ", gw_buf_str(&party->body));
    complain_bytes(player->complaint, "    | ", gw_buf_str(&party->in));
    return false;
}

/* Connections nobody accepted; they are taken away in any case. */
static bool check_listeners(struct player *player)
{
    bool ok = true;

    for (size_t i = 0; i < player->stage->count; i++) {
        char bytes[1024];
        int fd;
        if (player->stage->is_hole[i])
            continue;
        while ((fd = accept4(player->stage->listeners[i], NULL, NULL,
                             SOCK_CLOEXEC | SOCK_NONBLOCK)) != -1) {
            ssize_t got = recv(fd, bytes, sizeof bytes, 0);
            ok = complain(player->complaint, "a connection to %.*s that no step expects, with:",
                          GW_STR_ARG(player->stage->names[i].name));
            complain_bytes(player->complaint, "    | ",
                           (struct gw_str){bytes, got > 0 ? (size_t)got : 0});
            (void)close(fd);
        }
    }
    return ok;
}

static bool check_secrets(struct player *player)
{
    struct gw_str logs = gate_logs(player->gate);
    bool ok = true;

    for (size_t i = 0; i < player->secrets_count; i++) {
        struct gw_str secret = player->secrets[i];
        if (gw_str_find_str(logs, secret) < logs.len)
            ok = complain(player->complaint, "%.*s stands in a log", GW_STR_ARG(secret));
        for (size_t j = 0; j < player->crowd.count; j++) {
            struct gw_str heard = gw_buf_str(&player->crowd.all[j].heard);
            if (!player->crowd.all[j].upstream && heard.len &&
                gw_str_find_str(heard, secret) < heard.len)
                ok = complain(player->complaint, "%.*s was told to a client", GW_STR_ARG(secret));
        }
    }
    return ok;
}

bool play_end(struct player *player, bool ok)
{
    struct complaint unsaid, *said = player->complaint;

    complaint_init(&unsaid);
    if (!ok) {
        complain(said, "the gateway's logs end with:");
        complain_bytes(said, "    | ", gate_logs(player->gate));
        player->complaint = &unsaid;
    }
    let_end(player);
    bool secrets_kept = check_secrets(player);
    ok = gate_destroy(player->gate, player->complaint) && secrets_kept && ok;
    for (size_t i = 0; i < player->crowd.count; i++) {
        ok = check_party(player, &player->crowd.all[i]) && ok;
        party_finish(&player->crowd.all[i]);
    }
    ok = check_listeners(player) && ok;
    size_t left = count_descriptors();
    if (left != player->descriptors)
        ok = complain(player->complaint, "%zu descriptors before, %zu after", player->descriptors,
                      left);
    complaint_finish(&unsaid);
    gw_arena_finish(&player->arena);
    return ok;
}

bool play_begin(struct player *player)
{
    struct text_name *gateway = &player->stage->names[player->stage->count];
    bool admin = false;
    struct text config;

    player->descriptors = count_descriptors();
    player->crowd.all = player->parties;
    *gateway = (struct text_name){.name = GW_STR("gateway")};
    gw_arena_init(&player->arena, NULL);
    for (size_t i = 0; i < player->script->count; i++)
        admin = admin || gw_str_starts(player->script->steps[i].command, GW_STR("admin "));
    struct gw_str filled =
        script_fill(&player->script->table, player->row, player->config, &player->arena);
    if (player_expand(player, filled, TEXT_BODY, &config))
        player->gate = gate_start(gw_buf_str(&config.bytes), admin, player->complaint);
    text_finish(&config);
    if (!player->gate) {
        gw_arena_finish(&player->arena);
        return false;
    }
    (void)snprintf(gateway->value, sizeof gateway->value, "127.0.0.1:%u", gate_port(player->gate));
    return true;
}

bool play(const struct script *script, struct stage *stage, struct gw_str config, unsigned row,
          size_t position, size_t *positions_out, unsigned *line_out, struct complaint *complaint)
{
    struct player player = {.script = script,
                            .stage = stage,
                            .config = config,
                            .row = row,
                            .position = position,
                            .positions = 1,
                            .complaint = complaint};
    bool ok = true;

    *line_out = script->config_line;
    if (!play_begin(&player))
        return false;
    for (size_t i = 0; ok && i < script->count; i++) {
        *line_out = script->steps[i].line;
        ok = player_step(&player, &script->steps[i]);
    }
    ok = play_end(&player, ok);
    *positions_out = player.positions;
    return ok;
}
