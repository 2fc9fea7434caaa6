// The page has no API key: it requests a checkout from the receiver and shows it in a dialog.
const status = document.getElementById("status");

function show(text, color = "") {
  status.textContent = text;
  status.className = color;
  status.hidden = false;
}

async function checkoutUrl() {
  const response = await fetch("/checkout", { method: "POST" });
  if (!response.ok) throw new Error(`The shop responded with status ${response.status}.`);
  return response.text();
}

SGate.PaymentButton.mount("#pay", {
  checkoutUrl,
  onSuccess: () => show("Thank you. Your song is on its way.", "good"), // only a message: the receiver decides what is shipped
  onCancel: () => show("Payment canceled."),
  onError: (error) => show(error.message, "bad"),
});
