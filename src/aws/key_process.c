/*
 * key_process.c
 *	  Runs a profile's credential_process and reads what it prints.
 *
 * Called by key_profile.c, where a superuser has allowed it.  The command runs
 * in a shell and in a process group of its own, reads nothing, and is killed
 * with all of the group when it takes too long, when the statement is cancelled
 * or fails.  The wait is on the latch.
 */
#include "identity.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat.h"
#include "lib/stringinfo.h"
#include "utils/memutils.h"

#define PROCESS_TIMEOUT_MS 60000
#define MAX_OUTPUT (64 << 10)

typedef struct Process
{
	pid_t pid; /* 0: ended and waited for */
	int out; /* -1: closed */
} Process;

extern char **environ;

/* End it, however far it is.  Throws nothing. */
static void
end_process(void *arg)
{
	Process *process = arg;

	if (process->out >= 0)
		close(process->out);
	process->out = -1;
	if (process->pid > 0)
	{
		kill(-process->pid, SIGKILL);
		while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	process->pid = 0;
}

static void
start_process(Process *process, const char *command)
{
	char *const argv[] = {"sh", "-c", (char *) command, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int fds[2];
	int error;

	if (pipe2(fds, O_CLOEXEC) != 0)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not make a pipe: %m")));
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	error = posix_spawn(&process->pid, "/bin/sh", &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	close(fds[1]);
	process->out = fds[0];
	if (error != 0)
	{
		process->pid = 0;
		errno = error;
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not run a shell: %m")));
	}
	fcntl(process->out, F_SETFL, O_NONBLOCK);
}

/* Read to the end of its output; interruptible. */
static void
read_output(Process *process, StringInfo out)
{
	int64 until = http_now_ms() + PROCESS_TIMEOUT_MS;

	for (;;)
	{
		char buffer[4096];
		ssize_t n = read(process->out, buffer, sizeof(buffer));

		if (n == 0)
			return;
		if (n > 0)
		{
			if (out->len + n > MAX_OUTPUT)
				ereport(ERROR, (errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
								errmsg("the credential_process prints too much")));
			appendBinaryStringInfo(out, buffer, (int) n);
			explicit_bzero(buffer, n);
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			ereport(ERROR, (errcode_for_file_access(),
							errmsg("could not read from the credential_process: %m")));
		if (http_now_ms() >= until)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
					 errmsg("the credential_process did not end within %d s",
							PROCESS_TIMEOUT_MS / 1000),
					 errhint("Run the command by hand, as the operating system's user that runs "
							 "the server.")));
		(void) WaitLatchOrSocket(
			MyLatch, WL_LATCH_SET | WL_SOCKET_READABLE | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
			process->out, (long) (until - http_now_ms()), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Its status, after it has closed its output.  One that goes on nevertheless is
 * killed by end_process().
 */
static int
await_end(Process *process)
{
	int64 until = http_now_ms() + PROCESS_TIMEOUT_MS;
	int status = 0;
	pid_t ended;

	while ((ended = waitpid(process->pid, &status, WNOHANG)) == 0 && http_now_ms() < until)
		http_pause(5, HTTP_WAIT_METADATA);
	if (ended == process->pid)
		process->pid = 0;
	end_process(process);
	return ended > 0 ? status : -1;
}

/* What a command prints, in the current memory context.  Throws if it fails. */
char *
keys_run_process(const char *command, size_t *len)
{
	MemoryContextCallback *cb = palloc0(sizeof(MemoryContextCallback));
	Process *process = palloc0(sizeof(Process));
	StringInfoData out;
	int status;

	http_init();
	initStringInfo(&out);
	process->out = -1;
	cb->func = end_process;
	cb->arg = process;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, cb);
	start_process(process, command);
	read_output(process, &out);
	status = await_end(process);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("the credential_process of an AWS profile failed"),
				 WIFEXITED(status) ? errdetail("Exit status %d.", WEXITSTATUS(status)) :
									 errdetail("It was ended by a signal."),
				 errhint("Run the command by hand, as the operating system's user that runs the "
						 "server.")));
	*len = out.len;
	return out.data;
}
