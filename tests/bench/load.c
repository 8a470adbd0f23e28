/* A load of streams for benchmarks: asks, reads what comes, and looks at every stream whether it is whole.
 *
 *   cc -O2 -o load load.c && ./load PORT PATH BODY_FILE CONNECTIONS DELTAS SECONDS RAMP_MS once|again [HEADER: VALUE]...
 *
 * once:  one stream on each connection, the first requests spread over RAMP_MS; all must end within SECONDS.
 * again: each connection asks anew as soon as its stream has ended, for SECONDS.
 * Each connection is a conversation of its own (header session_id). Linux; one thread, epoll; loopback only.
 *
 * A stream is ok when it has status 200, all deltas in order (the marks of upstream.c), its last event, and the end that
 * HTTP gives it; it is lost when not. It is altered when the bytes are not those that upstream has sent: the digest in
 * the last event tells. Prints one JSON object; times are microseconds: first: from the request to the first byte of the
 * body; delay: from the clock in a delta to here.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "digest.h"

enum { READ_ROOM = 1 << 18, GRACE_S = 10 };
enum state { IDLE, CONNECTING, HEAD, BODY };
enum chunk { SIZE, DATA, DATA_END, LAST_LINE };

typedef struct stream {
    int fd, number; enum state state; enum chunk chunk; uint32_t generation;
    char *request; size_t request_length;
    int chunked, closes, used_before, any_body, ended_well, altered, out_of_order; long body_left, chunk_left;
    char *text; size_t length, room;                 /* the head, then what of an event has come */
    long deltas; uint64_t digest; int64_t asked;
} stream;

typedef struct times { float *each; size_t count, room; } times;

static int epoll, again; static long connections, deltas_wanted;
static struct sockaddr_in there; static int64_t began, no_more_after;
static long asked, ok, ok_in_time, lost, altered, events, living, most_living; static int64_t last_end;
static char why[96]; static times firsts, delays;

static int64_t clock_ns(void) {
    struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void note(times *all, int64_t ns) {
    if (all->count == all->room) all->each = realloc(all->each, sizeof(float) * (all->room = all->room ? all->room * 2 : 65536));
    all->each[all->count++] = ns / 1e3f;
}

static int by_size(const void *a, const void *b) { float x = *(float *)a, y = *(float *)b; return (x > y) - (x < y); }

static void print_times(const char *name, times *all) {
    qsort(all->each, all->count, sizeof(float), by_size);
    double shares[] = {0.5, 0.99, 1}; float found[3] = {0};
    for (int i = 0; i < 3 && all->count; i++) found[i] = all->each[(size_t)((all->count - 1) * shares[i])];
    printf(",\"%s\":{\"count\":%zu,\"p50\":%.1f,\"p99\":%.1f,\"most\":%.1f}", name, all->count, found[0], found[1], found[2]);
}

static void hang_up(stream *s) { if (s->fd >= 0) close(s->fd); s->fd = -1; s->state = IDLE; }

static void ask(stream *s) {
    s->state = HEAD; s->length = 0; s->chunk = SIZE; s->chunk_left = 0; s->body_left = -1; s->any_body = s->ended_well = 0;
    s->altered = s->out_of_order = 0; s->deltas = 0; s->digest = 0; s->asked = clock_ns();
    if (send(s->fd, s->request, s->request_length, MSG_NOSIGNAL) != (ssize_t)s->request_length) shutdown(s->fd, SHUT_RDWR);
}

static void connect_and_ask(stream *s) {
    int yes = 1; s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); s->used_before = 0;
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    s->state = CONNECTING; connect(s->fd, (void *)&there, sizeof there);
    struct epoll_event e = {EPOLLOUT, {.ptr = s}}; epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &e);
}

static void next(stream *s) {
    if (asked >= connections && (!again || clock_ns() > no_more_after)) { hang_up(s); return; }
    asked++;
    if (++living > most_living) most_living = living;
    if (s->fd < 0) connect_and_ask(s);
    else { s->used_before = 1; ask(s); }
}

static void lose(stream *s, const char *reason) {
    if (!lost++) snprintf(why, sizeof why, "%s after %ld deltas", reason, s->deltas);
    living--; hang_up(s); next(s);
}

/* A whole event: count it, and compare. */
static void take(stream *s, const char *text, size_t length, int64_t at) {
    const char *mark = memmem(text, length, "@T", 2), *sum = memmem(text, length, "@H", 2), *stop = text + length;
    if (mark && stop - mark > 28 && mark[8] == ':') {
        if (atol(mark + 2) != s->deltas) s->out_of_order = 1;
        s->deltas++; events++; note(&delays, at - strtoll(mark + 9, NULL, 10));
    }
    if (sum && stop - sum > 18) { if (strtoull(sum + 2, NULL, 16) != s->digest) s->altered = 1; s->ended_well = 2; }
    else if (memmem(text, length, "[DONE]", 6) && !s->ended_well) s->ended_well = 1;
    s->digest = mix(s->digest, text, length);
}

static void gather(stream *s, const char *bytes, size_t count, int64_t at) {
    if (!s->any_body && count) { s->any_body = 1; note(&firsts, at - s->asked); }
    if (s->length + count > s->room) s->text = realloc(s->text, s->room = (s->length + count) * 2);
    memcpy(s->text + s->length, bytes, count);
    size_t begin = 0, look = s->length ? s->length - 1 : 0; char *end; s->length += count;
    while ((end = memmem(s->text + look, s->length - look, "\n\n", 2))) {
        look = end + 2 - s->text; take(s, s->text + begin, look - begin, at); begin = look;
    }
    memmove(s->text, s->text + begin, s->length -= begin);
}

static void finish(stream *s) {
    if (s->out_of_order) { lose(s, "out of order"); return; }
    if (s->deltas != deltas_wanted) { lose(s, "ended early"); return; }
    if (!s->ended_well || s->length) { lose(s, "no last event"); return; }
    last_end = clock_ns(); ok++; living--; altered += s->altered; ok_in_time += last_end <= no_more_after;
    if (s->closes) hang_up(s);
    next(s);
}

/* Bytes of the body; 1 when it has ended. */
static int body(stream *s, const char *bytes, size_t count, int64_t at) {
    const char *stop = bytes + count;
    if (!s->chunked) {
        gather(s, bytes, count, at);
        return s->body_left >= 0 && (s->body_left -= count) <= 0;
    }
    while (bytes < stop) {
        char one = *bytes; size_t part;
        switch (s->chunk) {
        case SIZE:
            if (one == '\n') s->chunk = s->chunk_left ? DATA : LAST_LINE;
            else if (one != '\r') s->chunk_left = s->chunk_left * 16 + (one <= '9' ? one - '0' : (one | 32) - 'a' + 10);
            bytes++; break;
        case DATA:
            part = stop - bytes < s->chunk_left ? stop - bytes : s->chunk_left;
            gather(s, bytes, part, at); bytes += part;
            if (!(s->chunk_left -= part)) s->chunk = DATA_END;
            break;
        case DATA_END: if (one == '\n') s->chunk = SIZE; bytes++; break;
        case LAST_LINE: if (one == '\n') return 1; bytes++; break;
        }
    }
    return 0;
}

static void hear(stream *s) {
    static char bytes[READ_ROOM];
    ssize_t got = recv(s->fd, bytes, sizeof bytes, 0); int64_t at = clock_ns(); char *from = bytes;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        if (s->state == BODY && !s->chunked && s->body_left < 0 && !got) { finish(s); return; }
        /* It was closed while it rested: what was asked on it has not been read. */
        if (s->state == HEAD && !s->length && s->used_before) { hang_up(s); connect_and_ask(s); return; }
        lose(s, got ? strerror(errno) : "closed"); return;
    }
    if (s->state == HEAD) {
        if (s->length + got >= s->room) s->text = realloc(s->text, s->room = s->length + got + 1);
        size_t before = s->length; memcpy(s->text + before, bytes, got); s->length += got; s->text[s->length] = 0;
        char *end = strstr(s->text, "\r\n\r\n"); if (!end) return;
        size_t used = end + 4 - s->text - before; from += used; got -= used; end[2] = 0; s->length = 0; s->state = BODY;
        if (strncmp(s->text + 8, " 200", 4)) { char status[24]; snprintf(status, sizeof status, "%.12s", s->text); lose(s, status); return; }
        s->chunked = strcasestr(s->text, "\r\ntransfer-encoding: chunked") != NULL;
        s->closes = !strncmp(s->text, "HTTP/1.0", 8) || strcasestr(s->text, "\r\nconnection: close") != NULL;
        char *length = strcasestr(s->text, "\r\ncontent-length:"); if (length && !s->chunked) s->body_left = atol(length + 17);
    }
    if (got && body(s, from, got, at)) finish(s);
}

static char *whole_file(const char *path) {
    FILE *file = fopen(path, "rb"); if (!file) { perror(path); exit(1); }
    char *text = calloc(1, 1 << 20); if (!fread(text, 1, (1 << 20) - 1, file)) exit(1);
    fclose(file); return text;
}

int main(int count, char **words) {
    if (count < 9) return fprintf(stderr, "usage: see load.c\n"), 2;
    signal(SIGPIPE, SIG_IGN);
    char *content = whole_file(words[3]), headers[4096] = "";
    connections = atol(words[4]); deltas_wanted = atol(words[5]); again = !strcmp(words[8], "again");
    double seconds = atof(words[6]), ramp_ms = atof(words[7]);
    for (int i = 9; i < count && strlen(headers) + strlen(words[i]) + 3 < sizeof headers; i++) { strcat(headers, words[i]); strcat(headers, "\r\n"); }
    there = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    stream *all = calloc(connections, sizeof *all); epoll = epoll_create1(0);
    for (long i = 0; i < connections; i++) {
        stream *s = &all[i]; s->fd = -1; s->number = i; s->text = malloc(s->room = 16384);
        s->request_length = asprintf(&s->request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nContent-Type: application/json\r\n"
            "Accept: text/event-stream\r\nsession_id: bench-%ld\r\n%sContent-Length: %zu\r\n\r\n%s",
            words[2], words[1], i, headers, strlen(content), content);
    }
    began = last_end = clock_ns(); no_more_after = began + (int64_t)(seconds * 1e9);
    int64_t give_up = no_more_after + (again ? GRACE_S * 1000000000LL : 0); long opened = 0; struct epoll_event happened[256];
    while ((opened < connections || living) && clock_ns() < give_up) {
        while (opened < connections && clock_ns() - began >= (int64_t)(ramp_ms * 1e6 * opened / connections)) next(&all[opened++]);
        int ready = epoll_wait(epoll, happened, 256, opened < connections ? 1 : 100);
        for (int i = 0; i < ready; i++) {
            stream *s = happened[i].data.ptr;
            if (s->fd < 0) continue;
            if (s->state != CONNECTING) { hear(s); continue; }
            int error = 0; socklen_t size = sizeof error; getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size);
            if (error) { lose(s, strerror(error)); continue; }
            struct epoll_event e = {EPOLLIN, {.ptr = s}}; epoll_ctl(epoll, EPOLL_CTL_MOD, s->fd, &e); ask(s);
        }
    }
    lost += living;
    if (living && !why[0]) snprintf(why, sizeof why, "%ld not ended in time", living);
    double took = ((again && last_end > no_more_after ? no_more_after : last_end) - began) / 1e9;
    printf("{\"ok\":%ld,\"lost\":%ld,\"altered\":%ld,\"events\":%ld,\"most\":%ld,\"seconds\":%.4f,\"ok_in_time\":%ld,\"why\":\"%s\"",
        ok, lost, altered, events, most_living, took, ok_in_time, why);
    print_times("first", &firsts); print_times("delay", &delays);
    printf("}\n");
    return 0;
}
