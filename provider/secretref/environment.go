// SPDX-License-Identifier: Apache-2.0

package secretref

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// withheld are the variables with credentials of the provider and of the engine that runs it: a program that looks
// up secrets needs none of them.
var withheld = []string{
	"CLOUDFLARE_API_TOKEN",
	"CF_API_TOKEN",
	"CLOUDFLARE_API_KEY",
	"R2_SECRET_ACCESS_KEY",
	"PULUMI_CONFIG_PASSPHRASE",
}

// readVariable returns the value of an environment variable, and withholds it from programs from now on.
func (r *Resolver) readVariable(name string) (string, error) {
	r.used.Store(variableKey(name), true)
	value, set := os.LookupEnv(name)
	switch {
	case !set:
		return "", fmt.Errorf("the environment variable %s is not set: set it where the provider runs", name)
	case value == "":
		return "", fmt.Errorf("the environment variable %s is empty: set it where the provider runs; "+
			"literal: with nothing behind it stands for the empty value", name)
	}
	return value, nil
}

// Environment returns what a program inherits that is not to have the credentials of the provider and of the engine.
func Environment() []string { return (&Resolver{}).environment() }

// environment returns what programs inherit.
func (r *Resolver) environment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		key := variableKey(name)
		_, used := r.used.Load(key)
		return used || slices.Contains(withheld, key)
	})
}

// variableKey returns a form of a variable's name that all its spellings have in common.
func variableKey(name string) string {
	if runtime.GOOS == "windows" {
		return strings.ToUpper(name)
	}
	return name
}
