// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"fmt"
	"strings"
)

// Markdown is the summary as a comment on a pull request.
func (s Summary) Markdown() string {
	var b strings.Builder
	if !s.Pending() {
		fmt.Fprintf(&b, "### %s: nothing to do\n", code(s.Stack))
		return b.String()
	}
	fmt.Fprintf(&b, "### %s: %s\n", code(s.Stack), s.counts())
	if len(s.DataAtRisk) > 0 {
		b.WriteString("\n> [!CAUTION]\n> Data would be lost:\n")
		for _, d := range s.DataAtRisk {
			fmt.Fprintf(&b, "> - %s: %s %s, by %s\n", code(d.Resource), d.Kind, code(d.Name), d.Operation)
		}
	}
	if len(s.Barriers) > 0 {
		b.WriteString("\n> [!WARNING]\n> This deployment cannot be rolled back: if its smoke test fails, it serves " +
			"nevertheless.\n")
		for _, barrier := range s.Barriers {
			fmt.Fprintf(&b, "> - %s: %s\n", code(barrier.Worker), code(barrier.Reason))
		}
	}
	b.WriteString("\n| | resource | properties |\n|---|---|---|\n")
	for _, c := range s.Changes {
		var properties []string
		for _, property := range c.Properties {
			properties = append(properties, code(property))
		}
		fmt.Fprintf(&b, "| %s | %s %s | %s |\n", c.Operation, kind(c.Type), code(c.Name), strings.Join(properties, ", "))
	}
	list(&b, "Code", s.Bundles, func(c Bundle) string {
		return fmt.Sprintf("%s: %s → %s", code(c.Worker), short(c.Old), short(c.New))
	})
	list(&b, "Secrets, by name", s.Secrets, func(c Secret) string {
		return fmt.Sprintf("%s: %s %s", code(c.Resource), c.Operation, code(c.Name))
	})
	list(&b, "Addresses", s.Addresses, func(a Address) string {
		said := map[string]string{"add": " (new)", "delete": " (no more)"}[a.Operation]
		return fmt.Sprintf("%s: %s%s", code(a.Worker), a.URL, said)
	})
	return b.String()
}

// list writes a list with its heading, if it has items.
func list[T any](b *strings.Builder, heading string, items []T, line func(T) string) {
	if len(items) == 0 {
		return
	}
	fmt.Fprintf(b, "\n**%s**\n\n", heading)
	for _, item := range items {
		fmt.Fprintf(b, "- %s\n", line(item))
	}
}

// counts says how many resources there are of each operation, in the order of their first.
func (s Summary) counts() string {
	var order []string
	count := map[string]int{}
	for _, c := range s.Changes {
		if count[c.Operation]++; count[c.Operation] == 1 {
			order = append(order, c.Operation)
		}
	}
	for i, operation := range order {
		order[i] = fmt.Sprintf("%d to %s", count[operation], operation)
	}
	return strings.Join(order, ", ")
}

// short is a digest that people can compare; the JSON has all of it.
func short(digest string) string {
	switch {
	case digest == "":
		return "none"
	case len(digest) > 12:
		return code(digest[:12])
	}
	return digest
}

// code sets a name so that nothing in it is markup.
func code(name string) string {
	return "`" + strings.NewReplacer("`", "'", "|", `\|`, "\n", " ", "\r", " ").Replace(name) + "`"
}
