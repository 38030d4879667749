/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SMTPC_INTERRUPT_H
#define SMTPC_INTERRUPT_H

#include <stdatomic.h>
#include <stdbool.h>

/*
 * How another thread stops what this one does: a request that stays until it is
 * cleared, and a descriptor that becomes readable by it, made when somebody is
 * going to wait for it.
 */
struct interrupt {
	atomic_bool is_requested;
	atomic_int event; /* -1: there is none */
};

void interrupt_init(struct interrupt *interrupt);
void interrupt_end(struct interrupt *interrupt);

/* From any thread. */
void interrupt_request(struct interrupt *interrupt);

bool interrupt_is_requested(const struct interrupt *interrupt);
void interrupt_clear(struct interrupt *interrupt);

/* The descriptor is readable no longer; whether there is a request, stays. */
void interrupt_drain(struct interrupt *interrupt);

/*
 * -1: there is none to be had.  Whether there is a request has to be asked
 * after this.
 */
int interrupt_descriptor(struct interrupt *interrupt);

#endif
