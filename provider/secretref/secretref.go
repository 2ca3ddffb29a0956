// SPDX-License-Identifier: Apache-2.0

package secretref

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// sizeLimit is how many bytes a file or a program's output may have. Cloudflare takes 5 kB for a secret
// (https://developers.cloudflare.com/workers/platform/limits/#environment-variables); this only bounds memory.
const sizeLimit = 64 << 10

// A Resolver turns texts into values. Its zero value is ready for use and knows no group. Its fields are not to be
// changed after the first call of Resolve.
type Resolver struct {
	// Groups say where the values of a group lie, by the group's name; "*" stands for every group that has no entry
	// of its own.
	Groups map[string]Group
	// CommandTimeout is how long a group's Command may run. 0 means a minute.
	CommandTimeout time.Duration

	used sync.Map // names of variables that references were resolved from, in the form of variableKey
}

// Resolve returns the value that a text refers to, or the text itself if it is no reference. Nothing is remembered:
// a value that changes is seen by the next call. It is safe for concurrent use.
//
// An error names the reference, if it is well-formed, and never holds a value. It satisfies errors.Is for
// [io/fs.ErrNotExist] and the like where a file cannot be read, and for ctx.Err() where ctx ended a program.
func (r *Resolver) Resolve(ctx context.Context, text string) (value string, err error) {
	ref, err := parse(text)
	if err != nil {
		return "", err
	}
	switch ref.scheme {
	case variable:
		value, err = r.readVariable(ref.name)
	case file:
		value, err = readFile(ref.name)
	case grouped:
		value, err = r.resolveGrouped(ctx, ref.group, ref.name)
	default:
		return ref.name, nil
	}
	if err != nil {
		return "", fmt.Errorf("resolve %q: %w", text, err)
	}
	return value, nil
}

// decode returns what a file or a program holds as a value: without one line ending, because editors and echo add one.
func decode(content []byte) (string, error) {
	if len(content) > sizeLimit {
		return "", errTooLarge
	}
	if !utf8.Valid(content) {
		return "", errNotText
	}
	value := string(content)
	if line, ok := strings.CutSuffix(value, "\n"); ok {
		value = strings.TrimSuffix(line, "\r")
	}
	return value, nil
}
