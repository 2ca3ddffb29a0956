// SPDX-License-Identifier: Apache-2.0

const form = document.querySelector("form");
const output = document.querySelector("output");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { token, url, slug } = Object.fromEntries(new FormData(form));
  output.textContent = "…";
  try {
    const response = await fetch("/api/links", {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ url, slug: slug || undefined }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    const link = document.createElement("a");
    link.href = link.textContent = answer.short;
    output.replaceChildren(link);
  } catch (error) {
    output.textContent = error.message;
  }
});
