// SPDX-License-Identifier: Apache-2.0

package runtime

import "fmt"

// bindHyperdrive gives a stub that throws as soon as one of its fields is read: a configuration has no methods to call,
// but a connection string, which a client would take without a look at it.
func bindHyperdrive(_ *linker, _ *Script, b binding) (string, error) {
	message := fmt.Sprintf("binding %q is of type %q, which the local runtime does not have", b.Name, b.Type)
	return fmt.Sprintf(`wrapped = (moduleName = "emulator:missing", `+
		`innerBindings = [(name = "message", text = %s), (name = "fields", json = "true")])`, quote(message)), nil
}
