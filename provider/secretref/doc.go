// SPDX-License-Identifier: Apache-2.0

// Package secretref resolves references to the values of secrets, so that a program can name a value that it does
// not hold. A secret's value is a text, and some texts are references:
//
//	env:NAME                        the environment variable NAME of this process; unset or empty is an error
//	file:PATH                       the content of a file, without one line ending at its end
//	$secrets-group/<group>/<name>   looked up where the configuration says that the group lies; see [Group]
//	literal:TEXT                    TEXT itself, whatever it looks like
//	anything else                   the text itself
//
// Contents and outputs are UTF-8 and at most 64 KiB. What is resolved is not resolved again.
//
// No error contains a value. An error about a malformed reference does not repeat it, because it may be a value that
// merely begins like a reference.
//
// # Programs that look values up
//
// A group's Command speaks a protocol in the manner of git's credential helpers
// (https://git-scm.com/docs/gitcredentials#_custom_helpers). It is run once for each lookup, without a shell, as
// `<Command...> get`. On its standard input it gets the lines
//
//	group=<group>
//	name=<name>
//
// an empty line, and the end. What it writes to its standard output, without one line ending at its end, is the
// value. An exit status other than 0 says that there is none. A program shall ignore keys that it does not know and
// fail on an action other than get; there may be more of both one day. Its standard error is discarded, because it
// could hold the value and would end up in logs: to see it, run the program by hand. It cannot ask a user, and it is
// killed after a minute.
//
// It inherits the environment without the credentials of the provider itself and without the variables that
// references were resolved from before. This one, in four lines, looks values up in Vault; its last line might as
// well call vals, as in `exec vals get "ref+vault://secret/$group#/$name"`:
//
//	#!/bin/sh
//	[ "$1" = get ] || exit 1
//	while IFS== read -r key value && [ -n "$key" ]; do case $key in group) group=$value;; name) name=$value;; esac; done
//	exec vault kv get -field="$name" "secret/$group"
package secretref
