/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What authenticating leaves behind in a process: no line on a terminal or in
 * a log, no descriptor, no thread, no signal, no environment, no memory.
 */
#include <dirent.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "interposed.h"
#include "suite.h"
#include "visit.h"

static const char *const mechanisms[] = {
	VISIT_OWN,	 VISIT_PACKAGED, "SCRAM-SHA-1",
	"SCRAM-SHA-512", "EXTERNAL",	 "ANONYMOUS",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
be_refused(const char *mechanism)
{
	static struct visit visit;

	memset(&visit, 0, sizeof(visit));
	visit.server.mechanisms = mechanism;
	visit.server.refusal = "535 5.7.8 no";
	visit_open(&visit);
	ck_assert_int_lt(smtpc_auth(visit.session), 0);
	ck_assert_int_eq(smtpc_session_state(visit.session), SMTPC_STATE_READY);
	visit_end(&visit);
}

static void
visit_by_all(void)
{
	size_t i;

	for (i = 0; i < COUNT(mechanisms); i++) {
		visit_by(mechanisms[i]);
		be_refused(mechanisms[i]);
	}
	visit_a_liar("SCRAM-SHA-256");
	visit_a_liar("DIGEST-MD5");
}

/*
 * What is written.
 */

/* A file in memory in the place of standard output or standard error. */
static int
listen_to(int fd)
{
	int file = memfd_create("heard", MFD_CLOEXEC);

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(dup2(file, fd), fd);
	return file;
}

static off_t
size_of(int fd)
{
	struct stat status;

	ck_assert_int_eq(fstat(fd, &status), 0);
	return status.st_size;
}

START_TEST(nothing_is_written_to_standard_output_or_error_or_syslog)
{
	int before[2], heard[2];
	off_t sizes[2];
	int i;

	fflush(stdout);
	fflush(stderr);
	for (i = 0; i < 2; i++) {
		before[i] = dup(i + 1);
		heard[i] = listen_to(i + 1);
	}
	visit_by_all();
	fflush(stdout);
	fflush(stderr);
	for (i = 0; i < 2; i++) {
		sizes[i] = size_of(heard[i]);
		dup2(before[i], i + 1);
		close(before[i]);
		close(heard[i]);
	}
	ck_assert_int_eq((int)sizes[0], 0);
	ck_assert_int_eq((int)sizes[1], 0);
	ck_assert_msg(interposed_syslog_count() == 0, "%s",
		      interposed_syslog_text());
}
END_TEST

/*
 * Its module writes past every callback, that of NTLM alone: how far it is, and
 * what the server is called.  Nothing of the user's is in that.
 */
START_TEST(what_the_module_of_NTLM_writes_to_syslog_is_no_secret)
{
	visit_by("NTLM");
	be_refused("NTLM");
	ck_assert_ptr_null(strstr(interposed_syslog_text(), VISIT_USER));
	ck_assert_ptr_null(strstr(interposed_syslog_text(), VISIT_PASSWORD));
}
END_TEST

/* A directory with a module that is none; main() makes and removes it. */
static char broken_directory[] = "/tmp/smtpc-modules-XXXXXX";
static char broken_file[sizeof(broken_directory) + 16];

static bool
make_broken_module(void)
{
	FILE *module;

	if (mkdtemp(broken_directory) == NULL)
		return false;
	snprintf(broken_file, sizeof(broken_file), "%s/libbroken.so",
		 broken_directory);
	module = fopen(broken_file, "w");
	if (module == NULL)
		return false;
	fputs("no module", module);
	return fclose(module) == 0;
}

static void
remove_broken_module(void)
{
	unlink(broken_file);
	rmdir(broken_directory);
}

/* The test hears what Cyrus SASL writes, which it does of broken modules. */
START_TEST(what_is_listened_to_is_heard)
{
	ck_assert_int_eq(setenv("SASL_PATH", broken_directory, 1), 0);
	visit_by("PLAIN");
	ck_assert_int_gt(interposed_syslog_count(), 0);
}
END_TEST

/*
 * What is changed.
 */

#define SIGNALS 65

struct surroundings {
	char descriptors[4096];
	unsigned int threads;
	struct sigaction actions[SIGNALS];
	sigset_t mask;
	char environment[16384];
	char locale[256];
	char directory[4096];
	mode_t umask;
};

static unsigned int
count_threads(void)
{
	DIR *directory = opendir("/proc/self/task");
	struct dirent *entry;
	unsigned int count = 0;

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

/* The helper thread is detached: it may take a moment to end. */
static void
await_threads(unsigned int count)
{
	const struct timespec moment = { 0, 1000000 };

	while (count_threads() > count)
		nanosleep(&moment, NULL);
}

static void
list_descriptors(char *list, size_t size)
{
	char name[32], target[256];
	size_t used = 0;
	ssize_t len;
	int fd;

	for (fd = 0; fd < 256; fd++) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		len = readlink(name, target, sizeof(target) - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		used += (size_t)snprintf(list + used, size - used, "%d=%s\n",
					 fd, target);
	}
}

static void
look_around(struct surroundings *now)
{
	extern char **environ;
	size_t used = 0;
	char **entry;
	int i;

	memset(now, 0, sizeof(*now));
	list_descriptors(now->descriptors, sizeof(now->descriptors));
	now->threads = count_threads();
	for (i = 1; i < SIGNALS; i++)
		if (sigaction(i, NULL, &now->actions[i]) != 0)
			memset(&now->actions[i], 0, sizeof(now->actions[i]));
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &now->mask), 0);
	for (entry = environ; *entry != NULL; entry++)
		used += (size_t)snprintf(now->environment + used,
					 sizeof(now->environment) - used,
					 "%.200s\n", *entry);
	snprintf(now->locale, sizeof(now->locale), "%s",
		 setlocale(LC_ALL, NULL));
	ck_assert_ptr_nonnull(getcwd(now->directory, sizeof(now->directory)));
	now->umask = umask(022);
	umask(now->umask);
}

static bool
is_same_action(const struct sigaction *one, const struct sigaction *other)
{
	return one->sa_handler == other->sa_handler &&
	       one->sa_flags == other->sa_flags;
}

START_TEST(the_process_is_left_as_it_was)
{
	static struct surroundings before, after;
	int i;

	look_around(&before);
	visit_by_all();
	await_threads(before.threads);
	look_around(&after);
	ck_assert_str_eq(after.descriptors, before.descriptors);
	ck_assert_uint_eq(after.threads, before.threads);
	for (i = 1; i < SIGNALS; i++)
		ck_assert_msg(is_same_action(&before.actions[i],
					     &after.actions[i]),
			      "signal %d", i);
	ck_assert_mem_eq(&after.mask, &before.mask, sizeof(before.mask));
	ck_assert_str_eq(after.environment, before.environment);
	ck_assert_str_eq(after.locale, before.locale);
	ck_assert_str_eq(after.directory, before.directory);
	ck_assert_uint_eq(after.umask, before.umask);
}
END_TEST

/*
 * The name service, which Cyrus SASL asks for a host name without a dot.
 */

/* How many threads there were when the name service was asked. */
static unsigned int threads_that_asked;

/* A sanitizer may have one of its own. */
static unsigned int extra_threads;

static void
begin_with_dead_name_service(struct visit *visit)
{
	extra_threads = count_threads() - 1;
	visit_begin(visit, "PLAIN");
	interposed_set_host_name("undotted");
	interposed_kill_name_service();
	smtpc_session_set_blocking(visit->session, 0);
}

/* Were it waited for, smtpc_auth() would never return here. */
START_TEST(a_dead_name_service_does_not_hold_a_session_that_does_not_wait)
{
	static struct visit visit;
	int i, rc;

	begin_with_dead_name_service(&visit);
	ck_assert_int_eq(smtpc_auth(visit.session), SMTPC_AGAIN);
	interposed_await_question();
	for (i = 0; i < 100; i++)
		ck_assert_int_eq(smtpc_process(visit.session), SMTPC_AGAIN);
	ck_assert_uint_gt(smtpc_session_fd_count(visit.session), 0);
	interposed_revive_name_service();
	do {
		smtpc_wait(visit.session, SMTPC_FOREVER);
		rc = smtpc_process(visit.session);
	} while (rc == SMTPC_AGAIN);
	ck_assert_int_eq(rc, SMTPC_OK);
	smtpc_session_set_blocking(visit.session, 1);
	visit_end(&visit);
}
END_TEST

START_TEST(and_its_time_out_holds)
{
	static struct visit visit;
	unsigned int threads;
	int rc;

	threads = count_threads();
	begin_with_dead_name_service(&visit);
	smtpc_session_set_timeout(visit.session, SMTPC_PHASE_AUTH, 20);
	rc = smtpc_auth(visit.session);
	while (rc == SMTPC_AGAIN) {
		smtpc_wait(visit.session, SMTPC_FOREVER);
		rc = smtpc_process(visit.session);
	}
	ck_assert_int_eq(rc, SMTPC_E_TIMEOUT);
	ck_assert_int_eq(smtpc_error_phase(visit.session), SMTPC_PHASE_AUTH);
	ck_assert_int_eq(smtpc_error_safe_to_retry(visit.session), 1);
	/* The session goes, though its helper still waits. */
	smtpc_session_free(visit.session);
	auth_server_join(&visit.server);
	ck_assert_str_eq(visit.server.heard, "EHLO client.example.test\r\n");
	interposed_revive_name_service();
	await_threads(threads);
}
END_TEST

/* The same with a session that waits: it is not held beyond its time-out. */
START_TEST(nor_is_a_session_held_that_does_wait)
{
	static struct visit visit;

	begin_with_dead_name_service(&visit);
	smtpc_session_set_blocking(visit.session, 1);
	smtpc_session_set_operation_timeout(visit.session, 20);
	ck_assert_int_eq(smtpc_auth(visit.session), SMTPC_E_TIMEOUT);
	smtpc_session_free(visit.session);
	auth_server_join(&visit.server);
	interposed_revive_name_service();
}
END_TEST

static void *
revive(void *argument)
{
	(void)argument;
	interposed_await_question();
	threads_that_asked = count_threads();
	interposed_revive_name_service();
	return NULL;
}

START_TEST(without_the_helper_thread_the_name_service_is_waited_for)
{
	static struct visit visit;
	pthread_t thread;

	begin_with_dead_name_service(&visit);
	smtpc_session_set_helper_thread(visit.session, 0);
	smtpc_session_set_blocking(visit.session, 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, revive, NULL), 0);
	ck_assert_int_eq(smtpc_auth(visit.session), SMTPC_OK);
	ck_assert_int_gt(interposed_question_count(), 0);
	pthread_join(thread, NULL);
	/* The session's, the server's, and the one that counts: no helper. */
	ck_assert_uint_eq(threads_that_asked, 3 + extra_threads);
	visit_end(&visit);
}
END_TEST

START_TEST(a_host_name_with_a_dot_asks_nobody)
{
	static struct visit visit;

	visit_begin(&visit, "PLAIN");
	interposed_set_host_name("host.example.test");
	interposed_kill_name_service();
	ck_assert_int_eq(smtpc_auth(visit.session), SMTPC_OK);
	ck_assert_int_eq(interposed_question_count(), 0);
	visit_end(&visit);
}
END_TEST

/*
 * The helper's last breath: what it has made is done, and it is about to say
 * so.  The session may have seen that, used it, and gone by then, and what it
 * knew must have gone with it.
 */
START_TEST(secrets_go_with_the_session_and_do_not_wait_for_the_helper)
{
	static struct visit visit;
	unsigned int threads = count_threads();
	int rc;

	visit_begin(&visit, "PLAIN");
	interposed_hold_writes();
	smtpc_session_set_blocking(visit.session, 0);
	rc = smtpc_auth(visit.session);
	interposed_await_write();
	while (rc == SMTPC_AGAIN)
		rc = smtpc_process(visit.session);
	ck_assert_int_eq(rc, SMTPC_OK);
	ck_assert_int_eq(interposed_dispose_count(), 1);
	smtpc_session_free(visit.session);
	auth_server_join(&visit.server);
	interposed_let_writes_go();
	await_threads(threads);
	ck_assert_int_eq(interposed_dispose_count(), 1);
}
END_TEST

/*
 * Children.
 */

static int
child_ends_with(pid_t child)
{
	int status;

	ck_assert_int_gt(child, 0);
	while (waitpid(child, &status, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
	ck_assert_msg(WIFEXITED(status), "signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* Sessions of every kind: new, ready, in the midst of AUTH, authenticated. */
START_TEST(a_child_frees_its_parent_s_sessions_and_sends_nothing)
{
	static struct visit ready, silent, done;
	smtpc_session *idle;
	pid_t child;

	ck_assert_int_eq(smtpc_session_new(&idle), SMTPC_OK);
	visit_begin(&ready, "PLAIN");
	memset(&silent, 0, sizeof(silent));
	silent.server.mechanisms = "SCRAM-SHA-256";
	silent.server.falls_silent = true;
	visit_open(&silent);
	smtpc_session_set_blocking(silent.session, 0);
	ck_assert_int_eq(smtpc_auth(silent.session), SMTPC_AGAIN);
	visit_begin(&done, "SCRAM-SHA-256");
	ck_assert_int_eq(smtpc_auth(done.session), SMTPC_OK);
	child = fork();
	if (child == 0) {
		smtpc_session_free(idle);
		smtpc_session_free(ready.session);
		smtpc_session_free(silent.session);
		smtpc_session_free(done.session);
		_exit(0);
	}
	ck_assert_int_eq(child_ends_with(child), 0);
	/* The parent's go on, and no octet has come in between. */
	ck_assert_int_eq(smtpc_auth(ready.session), SMTPC_OK);
	visit_end(&ready);
	ck_assert_str_eq(ready.server.heard,
			 "EHLO client.example.test\r\n"
			 "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\r\n"
			 "QUIT\r\n");
	visit_end(&done);
	ck_assert_ptr_null(strstr(done.server.heard, "*"));
	ck_assert_str_eq(strstr(done.server.heard, "QUIT"), "QUIT\r\n");
	smtpc_session_free(silent.session);
	auth_server_join(&silent.server);
	ck_assert_ptr_null(strstr(silent.server.heard, "*"));
	ck_assert_ptr_null(strstr(silent.server.heard, "QUIT"));
	smtpc_session_free(idle);
}
END_TEST

START_TEST(a_child_authenticates_on_its_own)
{
	pid_t child;

	visit_by_all();
	child = fork();
	if (child == 0) {
		visit_by_all();
		_exit(0);
	}
	ck_assert_int_eq(child_ends_with(child), 0);
	visit_by_all();
}
END_TEST

START_TEST(even_while_its_parent_s_helper_waits_for_the_name_service)
{
	static struct visit visit;
	pid_t child;

	begin_with_dead_name_service(&visit);
	ck_assert_int_eq(smtpc_auth(visit.session), SMTPC_AGAIN);
	interposed_await_question();
	child = fork();
	if (child == 0) {
		interposed_set_host_name("host.example.test");
		smtpc_session_free(visit.session);
		visit_by_all();
		_exit(0);
	}
	ck_assert_int_eq(child_ends_with(child), 0);
	interposed_revive_name_service();
	smtpc_session_free(visit.session);
	auth_server_join(&visit.server);
}
END_TEST

static void
add_tests(TCase *tcase)
{
	tcase_add_test(
	    tcase, nothing_is_written_to_standard_output_or_error_or_syslog);
	tcase_add_test(tcase,
		       what_the_module_of_NTLM_writes_to_syslog_is_no_secret);
	tcase_add_test(tcase, what_is_listened_to_is_heard);
	tcase_add_test(tcase, the_process_is_left_as_it_was);
	tcase_add_test(
	    tcase,
	    a_dead_name_service_does_not_hold_a_session_that_does_not_wait);
	tcase_add_test(tcase, and_its_time_out_holds);
	tcase_add_test(tcase, nor_is_a_session_held_that_does_wait);
	tcase_add_test(
	    tcase, without_the_helper_thread_the_name_service_is_waited_for);
	tcase_add_test(tcase, a_host_name_with_a_dot_asks_nobody);
	tcase_add_test(
	    tcase, secrets_go_with_the_session_and_do_not_wait_for_the_helper);
	tcase_add_test(tcase,
		       a_child_frees_its_parent_s_sessions_and_sends_nothing);
	tcase_add_test(tcase, a_child_authenticates_on_its_own);
	tcase_add_test(
	    tcase, even_while_its_parent_s_helper_waits_for_the_name_service);
}

int
main(void)
{
	TCase *tcase = tcase_create("manners");
	int status;

	if (!make_broken_module())
		return EXIT_FAILURE;
	add_tests(tcase);
	status = run_suite("manners", tcase);
	remove_broken_module();
	return status;
}
