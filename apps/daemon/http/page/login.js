"use strict";

document.getElementById("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const problem = document.getElementById("problem");
  const body = JSON.stringify({
    user: document.getElementById("user").value,
    password: document.getElementById("password").value,
  });
  problem.textContent = "";
  try {
    const answer = await fetch("/api/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    if (answer.ok) {
      location.replace("/");
    } else if (answer.status === 429) {
      problem.textContent = `Too many failures: wait ${answer.headers.get("Retry-After")} s.`;
    } else {
      problem.textContent = "User or password is wrong.";
    }
  } catch {
    problem.textContent = "The camera does not answer.";
  }
});
