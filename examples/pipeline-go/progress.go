// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// report writes a line for each step that is done, and what is said about it, until the stream ends.
func report(w io.Writer, stream <-chan events.EngineEvent) {
	for event := range stream {
		if line := progress(event.EngineEvent); line != "" {
			fmt.Fprintln(w, line)
		}
	}
}

// progress is the line about an event, if it deserves one.
func progress(event apitype.EngineEvent) string {
	switch {
	case event.ResOutputsEvent != nil && event.ResOutputsEvent.Metadata.Op != apitype.OpSame:
		return fmt.Sprintf("%s %s", event.ResOutputsEvent.Metadata.Op, of(event.ResOutputsEvent.Metadata.URN))
	case event.ResOpFailedEvent != nil:
		return fmt.Sprintf("failed: %s %s", event.ResOpFailedEvent.Metadata.Op, of(event.ResOpFailedEvent.Metadata.URN))
	case event.DiagnosticEvent != nil && !event.DiagnosticEvent.Ephemeral:
		said := event.DiagnosticEvent
		if said.Severity == "warning" || said.Severity == "error" || said.Severity == "info#err" {
			return strings.TrimSpace(said.Severity + ": " + said.Message)
		}
	}
	return ""
}

// of is a resource's type and name, without the rest of its URN.
func of(urn string) string {
	parts := strings.Split(urn, "::")
	if len(parts) < 4 {
		return urn
	}
	return parts[2][strings.LastIndex(parts[2], ":")+1:] + " " + parts[3]
}
