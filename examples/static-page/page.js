// The page has no key: it asks the receiver beside it for a checkout, and shows it in a dialog.
const status = document.getElementById("status");

function say(text, colour = "") {
  status.textContent = text;
  status.className = colour;
  status.hidden = false;
}

async function checkoutUrl() {
  const answer = await fetch("/checkout", { method: "POST" });
  if (!answer.ok) throw new Error(`The shop answered ${answer.status}.`);
  return answer.text();
}

SGate.PaymentButton.mount("#pay", {
  checkoutUrl,
  onSuccess: () => say("Thank you. Your song is on its way.", "good"), // for the eye; what is shipped, the receiver decides
  onCancel: () => say("Nothing was paid."),
  onError: (error) => say(error.message, "bad"),
});
