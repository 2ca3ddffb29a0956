// SPDX-License-Identifier: Apache-2.0

package secretref

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// anyGroup is the name under which [Resolver.Groups] holds what serves every group without an entry.
const anyGroup = "*"

// A Group says where the values of a group of secrets lie. Exactly one member is set.
type Group struct {
	// Directory holds a file <name> for each value, as Kubernetes mounts secrets; under "*", a file <group>/<name>.
	// What holds for file: holds for these files.
	Directory string
	// EnvPrefix begins the names of the variables that hold the values: <EnvPrefix><NAME>, where NAME is the name in
	// upper case with "_" for every character but A to Z and 0 to 9; under "*", <EnvPrefix><GROUP>_<NAME>. Names
	// that differ only in case and punctuation thus share a variable. What holds for env: holds for these variables.
	EnvPrefix string
	// Command is a program and its arguments, to be run as <Command...> get; the package comment tells how it is
	// asked. It may be found on the PATH. Arguments can be seen by other users of the machine: they are no place for
	// secrets.
	Command []string
}

// Validate returns an error unless exactly one member is set, and to something that can work.
func (g Group) Validate() error {
	members := 0
	for _, set := range []bool{g.Directory != "", g.EnvPrefix != "", len(g.Command) > 0} {
		if set {
			members++
		}
	}
	switch {
	case members != 1:
		return fmt.Errorf("a secrets group has exactly one of directory, envPrefix and command; this one has %d", members)
	case g.EnvPrefix != "" && !variableName.MatchString(g.EnvPrefix):
		return errors.New("a secrets group's envPrefix is how names of environment variables begin: " +
			"letters, digits and _, no digit first")
	case strings.ContainsRune(g.Directory, 0):
		return errors.New("a secrets group's directory contains a NUL character: remove it")
	case len(g.Command) > 0 && g.Command[0] == "":
		return errors.New("a secrets group's command begins with the name of a program; this one begins with " +
			"an empty text")
	}
	return nil
}

// resolveGrouped returns the value of a name in a group.
func (r *Resolver) resolveGrouped(ctx context.Context, group, name string) (string, error) {
	g, own := r.Groups[group]
	if !own {
		var found bool
		if g, found = r.Groups[anyGroup]; !found {
			return "", fmt.Errorf("the provider's configuration does not say where the secrets group %q lies: "+
				"add it, or %q for every group", group, anyGroup)
		}
	}
	if err := g.Validate(); err != nil {
		return "", err
	}
	switch {
	case g.Directory != "" && own:
		return readFile(filepath.Join(g.Directory, name))
	case g.Directory != "":
		return readFile(filepath.Join(g.Directory, group, name))
	case g.EnvPrefix != "" && own:
		return r.readVariable(g.EnvPrefix + variablePart(name))
	case g.EnvPrefix != "":
		return r.readVariable(g.EnvPrefix + variablePart(group) + "_" + variablePart(name))
	default:
		return r.run(ctx, g.Command, group, name)
	}
}

// variablePart returns a group's or secret's name as it stands in the name of a variable.
func variablePart(name string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			return c
		}
		return '_'
	}, strings.ToUpper(name))
}
