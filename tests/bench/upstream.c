/* An upstream for benchmarks: answers POST .../responses with a stream of Responses events, one HTTP chunk for each.
 *
 *   cc -O2 -o upstream upstream.c && ./upstream PORT          Linux; one thread, epoll; loopback only
 *
 * Every delta carries its number and the clock, "@T000007:0000012345678901234@", so that whoever reads it on this machine
 * can tell what is missing, what is out of order and how long each took. The last event carries "@H" and a digest of all
 * bytes before it: sixteen hexadecimal digits of `mix` over every event in turn.
 *
 *   GET /plan?events=80&gap_us=10000&echo=2000   how streams from now on are: deltas, microseconds between them
 *                                                (0: at once), bytes of instructions that the first events repeat
 *   GET /stat                                    {"active":0,"started":12,"aborted":0}
 *
 * Any other request gets an empty list.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "digest.h"

enum { LONGEST_EVENT = 1 << 16, MOST_WAITING = 1 << 16, MOST_ECHO = 16384 };

typedef struct plan { long events, gap_us, echo; } plan;
typedef struct caller {
    int fd, watching_out, queued;
    char *in; size_t in_len, in_room;
    char *out; size_t out_len, out_sent, out_room;
    char line[256]; long body_left;  /* of the request that is being read; -1: its head is still to come */
    int streaming, close_after; long next_delta; plan plan; unsigned id; uint64_t digest;
    int64_t due; struct caller *before, *after;
} caller;

static plan now_planned = {200, 0, 2000};
static long started, active, aborted;
static int epoll, listener, alarm_fd;
/* Streams by when they are due. One plan holds for all at a time, so whoever is due next goes to the end. */
static caller *first, *last;
static char filler[MOST_ECHO];

static int64_t clock_ns(void) {
    struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void unqueue(caller *c) {
    if (!c->queued) return;
    *(c->before ? &c->before->after : &first) = c->after;
    *(c->after ? &c->after->before : &last) = c->before;
    c->queued = 0;
}

static void enqueue(caller *c) {
    caller *place = last;
    while (place && place->due > c->due) place = place->before;
    c->before = place; c->after = place ? place->after : first;
    *(c->before ? &c->before->after : &first) = c;
    *(c->after ? &c->after->before : &last) = c;
    c->queued = 1;
}

static void hang_up(caller *c) {
    if (c->streaming) { aborted++; active--; }
    unqueue(c); close(c->fd); free(c->in); free(c->out); free(c);
}

static char *room(caller *c, size_t wanted) {
    if (c->out_len + wanted > c->out_room) c->out = realloc(c->out, c->out_room = (c->out_len + wanted) * 2);
    return c->out + c->out_len;
}

static void say(caller *c, const char *text, size_t length) { memcpy(room(c, length), text, length); c->out_len += length; }

/* 0, or -1: the caller has gone and is freed. What does not fit now is sent when there is room. */
static int flush(caller *c) {
    while (c->out_sent < c->out_len) {
        ssize_t sent = send(c->fd, c->out + c->out_sent, c->out_len - c->out_sent, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) { hang_up(c); return -1; }
        if (sent < 0) break;
        c->out_sent += sent;
    }
    int waiting = c->out_sent < c->out_len;
    if (!waiting) c->out_len = c->out_sent = 0;
    if (waiting != c->watching_out) {
        struct epoll_event e = {EPOLLIN | (waiting ? EPOLLOUT : 0), {.ptr = c}};
        epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &e); c->watching_out = waiting;
    }
    if (!waiting && c->close_after && !c->streaming) { hang_up(c); return -1; }
    return 0;
}

/* One event as one chunk; the format has the data after its name, which is also its type. */
__attribute__((format(printf, 3, 4))) static void event(caller *c, const char *type, const char *format, ...) {
    char *text = room(c, LONGEST_EVENT + 16) + 6;
    int length = sprintf(text, "event: %s\ndata: {\"type\":\"%s\",", type, type);
    va_list values; va_start(values, format); length += vsprintf(text + length, format, values); va_end(values);
    length += sprintf(text + length, "}\n\n");
    char size[8]; sprintf(size, "%04x\r\n", (unsigned)length); memcpy(text - 6, size, 6);
    memcpy(text + length, "\r\n", 2); c->out_len += length + 8;
    c->digest = mix(c->digest, text, length);
}

static void begin(caller *c) {
    static const char head[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
                               "x-request-id: bench\r\ntransfer-encoding: chunked\r\n\r\n";
    c->plan = now_planned; c->id = ++started; c->next_delta = 0; c->digest = 0; c->streaming = 1; active++;
    say(c, head, sizeof head - 1);
    for (int number = 0; number < 2; number++)
        event(c, number ? "response.in_progress" : "response.created",
            "\"sequence_number\":%d,\"response\":{\"id\":\"resp_%08x\",\"object\":\"response\",\"created_at\":1767225600,"
            "\"status\":\"in_progress\",\"error\":null,\"incomplete_details\":null,\"instructions\":\"%.*s\",\"model\":\"gpt-5\","
            "\"output\":[],\"parallel_tool_calls\":true,\"reasoning\":{\"effort\":\"medium\",\"summary\":\"auto\"},\"store\":false,"
            "\"temperature\":1.0,\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":1.0,\"truncation\":\"disabled\",\"usage\":null}",
            number, c->id, (int)c->plan.echo, filler);
    event(c, "response.output_item.added", "\"sequence_number\":2,\"output_index\":0,\"item\":{\"id\":\"msg_%08x\","
        "\"type\":\"message\",\"status\":\"in_progress\",\"content\":[],\"role\":\"assistant\"}", c->id);
    event(c, "response.content_part.added", "\"sequence_number\":3,\"item_id\":\"msg_%08x\",\"output_index\":0,"
        "\"content_index\":0,\"part\":{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"\"}", c->id);
}

static void delta(caller *c) {
    long number = c->next_delta++;
    event(c, "response.output_text.delta", "\"sequence_number\":%ld,\"item_id\":\"msg_%08x\",\"output_index\":0,"
        "\"content_index\":0,\"delta\":\"@T%06ld:%019lld@ so\",\"logprobs\":[],\"obfuscation\":\"%.*s\"",
        number + 4, c->id, number, (long long)clock_ns(), (int)(number % 16), filler);
}

static void end(caller *c) {
    long events = c->plan.events; int text = events * 20 > 8000 ? 8000 : (int)events * 20;
    event(c, "response.output_text.done", "\"sequence_number\":%ld,\"item_id\":\"msg_%08x\",\"output_index\":0,"
        "\"content_index\":0,\"text\":\"%.*s\"", events + 4, c->id, text, filler);
    event(c, "response.output_item.done", "\"sequence_number\":%ld,\"output_index\":0,\"item\":{\"id\":\"msg_%08x\","
        "\"type\":\"message\",\"status\":\"completed\",\"content\":[{\"type\":\"output_text\",\"annotations\":[],\"text\":\"%.*s\"}],"
        "\"role\":\"assistant\"}", events + 5, c->id, text, filler);
    uint64_t until_here = c->digest;
    event(c, "response.completed", "\"sequence_number\":%ld,\"response\":{\"id\":\"resp_%08x\",\"object\":\"response\","
        "\"created_at\":1767225600,\"status\":\"completed\",\"error\":null,\"model\":\"gpt-5\",\"metadata\":{\"all\":\"@H%016llx\"},"
        "\"output\":[{\"id\":\"msg_%08x\",\"type\":\"message\",\"status\":\"completed\",\"content\":[{\"type\":\"output_text\","
        "\"annotations\":[],\"text\":\"%.*s\"}],\"role\":\"assistant\"}],\"usage\":{\"input_tokens\":123,"
        "\"input_tokens_details\":{\"cached_tokens\":100},\"output_tokens\":%ld,\"output_tokens_details\":{\"reasoning_tokens\":0},"
        "\"total_tokens\":%ld}}", events + 6, c->id, (unsigned long long)until_here, c->id, text, filler, events, events + 123);
    say(c, "0\r\n\r\n", 5);
    c->streaming = 0; active--;
}

static int read_on(caller *c);

/* Send what is due, each delta by itself; 0, or -1 when the caller has gone. */
static int stream_on(caller *c) {
    while (c->next_delta < c->plan.events) {
        if (c->out_len - c->out_sent > MOST_WAITING) return 0;      /* goes on when there is room */
        if (c->plan.gap_us && c->due > clock_ns()) { enqueue(c); return 0; }
        delta(c); c->due += c->plan.gap_us * 1000;
        if (flush(c)) return -1;
    }
    end(c); c->body_left = -1;
    return flush(c) ? -1 : read_on(c);
}

static long number_in(const char *query, const char *name, long otherwise) {
    const char *found = strstr(query, name);
    return found ? atol(found + strlen(name)) : otherwise;
}

static void answer(caller *c, const char *line) {
    char body[160], head[160];
    if (!strncmp(line, "GET /plan?", 10)) {
        now_planned = (plan){number_in(line, "events=", 1), number_in(line, "gap_us=", 0), number_in(line, "echo=", 200)};
        if (now_planned.echo > MOST_ECHO) now_planned.echo = MOST_ECHO;
    }
    if (!strncmp(line, "GET /stat", 9))
        sprintf(body, "{\"active\":%ld,\"started\":%ld,\"aborted\":%ld}", active, started, aborted);
    else
        strcpy(body, "{\"object\":\"list\",\"data\":[],\"models\":[]}");
    say(c, head, sprintf(head, "HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n",
        strncmp(line, "GET ", 4) ? "404 Not Found" : "200 OK", strlen(body)));
    say(c, body, strlen(body));
}

/* Take requests out of what has come; 0, or -1 when the caller has gone. */
static int read_on(caller *c) {
    while (!c->streaming) {
        if (c->body_left < 0) {
            char *head_end = memmem(c->in, c->in_len, "\r\n\r\n", 4);
            if (!head_end) return 0;
            *head_end = 0;
            char *length = strcasestr(c->in, "\r\ncontent-length:");
            c->body_left = length ? atol(length + 17) : 0;
            c->close_after = strcasestr(c->in, "\r\nconnection: close") != NULL;
            *strchrnul(c->in, '\r') = 0;
            snprintf(c->line, sizeof c->line, "%s", c->in);
            size_t used = head_end + 4 - c->in;
            memmove(c->in, c->in + used, c->in_len -= used);
        }
        size_t used = (long)c->in_len < c->body_left ? c->in_len : (size_t)c->body_left;
        memmove(c->in, c->in + used, c->in_len -= used);
        if (c->body_left -= used) return 0;
        if (strncmp(c->line, "POST ", 5) || !strstr(c->line, "/responses ")) {
            answer(c, c->line); c->body_left = -1;
            if (flush(c)) return -1;
            continue;
        }
        begin(c); c->due = clock_ns() + c->plan.gap_us * 1000;
        if (flush(c)) return -1;
        return stream_on(c);
    }
    return 0;
}

static void hear(caller *c) {
    if (c->in_room - c->in_len < 65536) c->in = realloc(c->in, (c->in_room = c->in_len + 131072) + 1);
    ssize_t got = recv(c->fd, c->in + c->in_len, c->in_room - c->in_len, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) { hang_up(c); return; }
    c->in_len += got; read_on(c);
}

static void welcome(void) {
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        caller *c = calloc(1, sizeof *c); c->fd = fd; c->body_left = -1;
        struct epoll_event e = {EPOLLIN, {.ptr = c}}; epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
    }
}

int main(int count, char **words) {
    if (count != 2) return fprintf(stderr, "usage: upstream PORT\n"), 2;
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof filler; i++) filler[i] = "a word and another one, "[i % 24];
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1; listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (void *)&here, sizeof here) || listen(listener, 4096)) return perror("upstream"), 1;
    epoll = epoll_create1(0); alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event e = {EPOLLIN, {.ptr = &listener}}, happened[256];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
    e.data.ptr = &alarm_fd; epoll_ctl(epoll, EPOLL_CTL_ADD, alarm_fd, &e);
    for (;;) {
        struct itimerspec next = {.it_value = {first ? first->due / 1000000000 : 0, first ? first->due % 1000000000 : 0}};
        timerfd_settime(alarm_fd, TFD_TIMER_ABSTIME, &next, NULL);
        int ready = epoll_wait(epoll, happened, 256, -1);
        for (int i = 0; i < ready; i++) {
            caller *c = happened[i].data.ptr;
            if (happened[i].data.ptr == &alarm_fd) { uint64_t ticks; if (read(alarm_fd, &ticks, 8) < 0) continue; }
            else if (happened[i].data.ptr == &listener) welcome();
            else if (happened[i].events & EPOLLOUT) { if (!flush(c) && c->streaming && !c->queued) stream_on(c); }
            else hear(c);
        }
        for (int64_t t = clock_ns(); first && first->due <= t;) { caller *c = first; unqueue(c); stream_on(c); }
    }
}
