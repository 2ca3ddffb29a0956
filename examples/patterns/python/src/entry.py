# SPDX-License-Identifier: Apache-2.0

import json
from urllib.parse import parse_qs, urlparse

from texts import greeting
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    """Greets whoever asks, in the language that the query names."""

    async def fetch(self, request):
        query = parse_qs(urlparse(request.url).query)
        name = query.get("name", [self.env.NAME])[0]
        language = query.get("language", ["en"])[0]
        text = greeting(language, name)
        if text is None:
            return Response(json.dumps({"error": f"no greeting in {language!r}"}), status=404)
        return Response(json.dumps({"greeting": text}), headers={"content-type": "application/json"})
