/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A look at many octets at once: lines that are as they should be cost a few
 * instructions for each vector of the processor's, however many lines that are.
 */
#include "glance.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

bool glance_narrowly;

/* Octets side by side; a comparison gives -1 where it holds, 0 elsewhere. */
typedef signed char lanes __attribute__((vector_size(16)));

#define EACH(c)                                                                \
	{                                                                      \
		c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c                 \
	}

struct tally {
	lanes unclean, unpaired, dots;
};

static inline void
count(struct tally *tally, const char *at)
{
	static const lanes none = EACH(0);
	static const lanes cr = EACH('\r');
	static const lanes lf = EACH('\n');
	static const lanes dot = EACH('.');
	lanes here, next, second;

	memcpy(&here, at, sizeof(here));
	memcpy(&next, at + 1, sizeof(next));
	memcpy(&second, at + 2, sizeof(second));
	tally->unclean |= here <= none;
	tally->unpaired |= (here == cr) ^ (next == lf);
	tally->dots |= (next == lf) & (second == dot);
}

static bool
is_zero(const lanes *set)
{
	uint64_t words[sizeof(*set) / sizeof(uint64_t)];

	memcpy(words, set, sizeof(words));
	return (words[0] | words[1]) == 0;
}

/* With whatever vectors the compiler may rely on. */
static struct glance
look(const char *data, size_t len)
{
	struct tally tally = { EACH(0), EACH(0), EACH(0) };
	struct glance glance;
	size_t i;

	for (i = 0; i + sizeof(lanes) <= len; i += sizeof(lanes))
		count(&tally, data + i);
	/* What is left is shorter than that: some are looked at again. */
	count(&tally, data + len - sizeof(lanes));
	glance.is_clean = is_zero(&tally.unclean);
	glance.is_paired = is_zero(&tally.unpaired);
	glance.has_dot = !is_zero(&tally.dots);
	return glance;
}

/* Leaps towards the first dot behind an LF, as far as there is none. */
static size_t
leap(const char *data, size_t len)
{
	static const lanes lf = EACH('\n');
	static const lanes dot = EACH('.');
	lanes here, next;
	size_t i;

	for (i = 0; i + sizeof(lanes) < len; i += sizeof(lanes)) {
		memcpy(&here, data + i, sizeof(here));
		memcpy(&next, data + i + 1, sizeof(next));
		here = (here == lf) & (next == dot);
		if (!is_zero(&here))
			break;
	}
	return i;
}

#ifdef __x86_64__

/*
 * The same for processors that have wider ones, which cannot be relied upon: a
 * third of the instructions.
 */
struct wide_tally {
	__m256i least; /* of each octet as a signed number */
	__m256i unpaired, dots;
};

#define WIDE __attribute__((target("avx2")))

static inline WIDE __attribute__((always_inline)) __m256i
load(const char *at)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

static inline WIDE __attribute__((always_inline)) void
count_wide(struct wide_tally *tally, const char *at)
{
	const __m256i cr = _mm256_set1_epi8('\r');
	const __m256i lf = _mm256_set1_epi8('\n');
	const __m256i dot = _mm256_set1_epi8('.');
	__m256i is_cr = _mm256_cmpeq_epi8(load(at), cr);
	__m256i is_lf = _mm256_cmpeq_epi8(load(at + 1), lf);
	__m256i is_dot = _mm256_cmpeq_epi8(load(at + 2), dot);

	tally->least = _mm256_min_epi8(tally->least, load(at));
	tally->unpaired =
	    _mm256_or_si256(tally->unpaired, _mm256_xor_si256(is_cr, is_lf));
	tally->dots =
	    _mm256_or_si256(tally->dots, _mm256_and_si256(is_lf, is_dot));
}

static WIDE struct glance
look_wide(const char *data, size_t len)
{
	const __m256i none = _mm256_setzero_si256();
	struct wide_tally tally = { _mm256_set1_epi8(1), none, none };
	struct glance glance;
	__m256i good;
	size_t i;

	for (i = 0; i + GLANCE_MIN <= len; i += GLANCE_MIN)
		count_wide(&tally, data + i);
	count_wide(&tally, data + len - GLANCE_MIN);
	good = _mm256_cmpgt_epi8(tally.least, none);
	glance.is_clean = _mm256_movemask_epi8(good) == -1;
	glance.is_paired = _mm256_testz_si256(tally.unpaired, tally.unpaired);
	glance.has_dot = !_mm256_testz_si256(tally.dots, tally.dots);
	return glance;
}

static WIDE size_t
leap_wide(const char *data, size_t len)
{
	const __m256i lf = _mm256_set1_epi8('\n');
	const __m256i dot = _mm256_set1_epi8('.');
	__m256i is_lf, is_dot;
	size_t i;

	for (i = 0; i + GLANCE_MIN < len; i += GLANCE_MIN) {
		is_lf = _mm256_cmpeq_epi8(load(data + i), lf);
		is_dot = _mm256_cmpeq_epi8(load(data + i + 1), dot);
		if (!_mm256_testz_si256(is_lf, is_dot))
			break;
	}
	return i;
}

static bool
is_wide(void)
{
	return __builtin_cpu_supports("avx2") && !glance_narrowly;
}

#endif

struct glance
glance_over(const char *data, size_t len)
{
	assert(len >= GLANCE_MIN);
#ifdef __x86_64__
	if (is_wide())
		return look_wide(data, len);
#endif
	return look(data, len);
}

size_t
glance_to_dot(const char *data, size_t len)
{
	size_t i;

#ifdef __x86_64__
	i = is_wide() ? leap_wide(data, len) : leap(data, len);
#else
	i = leap(data, len);
#endif
	for (; i + 1 < len; i++)
		if (data[i] == '\n' && data[i + 1] == '.')
			return i + 1;
	return len;
}
