/* What both sides of the benchmark reckon in the same way: a digest over the pieces of a stream. */
#ifndef DIGEST_H
#define DIGEST_H

#include <stdint.h>
#include <string.h>

/* The digest of what came before and of one more piece. */
static uint64_t mix(uint64_t digest, const char *piece, size_t length) {
    uint64_t word;
    for (; length >= 8; piece += 8, length -= 8) {
        memcpy(&word, piece, 8); digest = (digest ^ word) * 0x9E3779B97F4A7C15u; digest ^= digest >> 29;
    }
    word = length; memcpy((char *)&word + 1, piece, length);
    digest = (digest ^ word) * 0x9E3779B97F4A7C15u;
    return digest ^ digest >> 29;
}

#endif
