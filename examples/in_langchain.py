"""Wenju in a LangChain application: its passages for a chain of your own, and its answers."""

from rag import Assistant, Index
from rag.langchain import WenjuRetriever, answer_chain

assistant = Assistant(Index.build(["examples/corpus"], "index/sample"))
retriever = WenjuRetriever(assistant=assistant, k=3)
print([document.metadata["source"] for document in retriever.invoke("潮汐电站")])
chain = answer_chain(assistant)
print(chain.invoke("双礁大桥实际什么时候通的车？")["answer"])
history = [("双礁大桥实际什么时候通的车？", "2024年10月18日。")]
for chunk in chain.stream({"question": "那它花了多少钱？", "history": history}):
    print(chunk.get("answer", ""), end="")
